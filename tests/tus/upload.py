"""A foreign tus client (tuspy) sends a package to an upload, in chunks with checksums, and is cut again and again.

    upload.py SERVICE TOKEN-FILE PACKAGE SEED CREATE

CREATE is `json` (our own way to open an upload, then tuspy by its address) or `tus` (tuspy opens it itself). Prints the id,
how often it was cut, and the receipt.
"""

import base64
import json
import pathlib
import random
import sys
import urllib.request

from tusclient import client as tus
from tusclient.exceptions import TusCommunicationError
from tusclient.uploader import Uploader

service, token_file, package, seed, create = sys.argv[1:]
chance = random.Random(int(seed))
package = pathlib.Path(package)
bearer = "Bearer " + pathlib.Path(token_file).read_text().strip()
manifest = (package / "datapackage.json").read_text()
signature = (package / "datapackage.json.sig").read_text().strip()
largest = max(block["bytes"] for block in json.loads(manifest)["resources"][0]["blocks"])
data = package / "data.csv"


def ask(method, path, body=None):
    request = urllib.request.Request(service + path, method=method, data=body)
    request.add_header("Authorization", bearer)
    if body:
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return answer.headers, answer.read()


def chunk():
    # At least a whole block, so that the offset moves (docs/PROTOCOL.md); never the same twice.
    return largest + chance.randrange(largest)


peer = tus.TusClient(service + "/v1/uploads", headers={"Authorization": bearer})
if create == "tus":
    metadata = {"manifest": manifest, "signature": signature}
    # tuspy sends one header of metadata, and goes where Location says.
    url = peer.uploader(str(data), chunk_size=chunk(), metadata=metadata).create_url()
    again = peer.uploader(str(data), chunk_size=chunk(), metadata=metadata).create_url()
    assert url == again, "the same manifest is the same upload"
else:
    body = json.dumps({"manifest": manifest, "signature": signature}).encode()
    headers, _ = ask("POST", "/v1/uploads", body)
    url = service + headers["Location"]

size, cuts, steps = data.stat().st_size, 0, 0
while True:
    # A new uploader each time, as after a crash: it asks for the offset first.
    uploader = peer.uploader(str(data), chunk_size=chunk(), url=url, upload_checksum=True)
    if uploader.offset == size:
        break
    steps += 1
    try:
        uploader.upload_chunk()
    except TusCommunicationError:
        cuts += 1
    except Exception as error:  # requests' own, where tuspy lets them through
        assert "onnection" in repr(error), repr(error)
        cuts += 1
    assert steps < 500, "it does not get on"
identity = url.rsplit("/", 1)[1]
_, receipt = ask("GET", f"/v1/uploads/{identity}/receipt")
options = {name.lower(): value for name, value in ask("OPTIONS", "/v1/uploads")[0].items()}
print(json.dumps({
    "id": identity,
    "cuts": cuts,
    "steps": steps,
    "extensions": options["tus-extension"],
    "receipt": receipt.decode(),
}))
