// What evaluators' pages may do beyond what they do without a script.
"use strict";

// A text is copied by a button; without a script it is marked and copied by hand.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) {
    continue;
  }
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy).textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = button.dataset.done;
    } catch {
      getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
    }
  });
}

// No more boxes are ticked than are answered together.
for (const group of document.querySelectorAll("[data-most]")) {
  const boxes = [...group.querySelectorAll("input[type=checkbox]")];
  const hold = () => {
    const full = boxes.filter((box) => box.checked).length >= Number(group.dataset.most);
    for (const box of boxes) {
      box.disabled = full && !box.checked;
    }
  };
  group.addEventListener("change", hold);
  hold();
}

// A period ends where it begins, or later.
const from = document.getElementById("from");
const to = document.getElementById("to");
if (from && to) {
  from.addEventListener("change", () => {
    if (to.value < from.value) {
      to.value = from.value;
    }
  });
  to.addEventListener("change", () => {
    if (to.value < from.value) {
      from.value = to.value;
    }
  });
}

// A file is read into the field that is sent.
for (const file of document.querySelectorAll("[data-into]")) {
  file.parentElement.hidden = false;
  file.addEventListener("change", async () => {
    if (file.files.length > 0 && file.files[0].size < 65536) {
      document.getElementById(file.dataset.into).value = await file.files[0].text();
    }
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
