"use strict";
// Saving to this machine: as downloads of what lies in memory, or into a folder where the browser can.

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

const canSaveFolders = typeof window.showDirectoryPicker === "function";

/// Writes a package's files into a new folder of the one that is chosen. False where nothing was chosen.
async function saveFolder(files, name) {
  let chosen;
  try {
    chosen = await window.showDirectoryPicker({ mode: "readwrite" });
  } catch {
    return false;
  }
  const folder = await chosen.getDirectoryHandle(name, { create: true });
  for (const [path, blob] of files) {
    const writer = await (await folder.getFileHandle(path, { create: true })).createWritable();
    await writer.write(blob);
    await writer.close();
  }
  return true;
}

const tomlOf = text => new Blob([text], { type: "application/toml" });
