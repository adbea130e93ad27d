"""What check.sh leaves to Python: the notebook's cells, the drawings' schema, and a service for ask.py."""

import http.server
import json
import pathlib
import subprocess
import sys
import threading

import altair
import jsonschema

examples, kept, work = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])

# The notebook: outputs stripped, every cell runs.
notebook = json.loads((examples / "answer.ipynb").read_text("utf-8"))
names = {}
for cell in notebook["cells"]:
    if cell["cell_type"] == "code":
        assert cell["outputs"] == [] and cell["execution_count"] is None, "outputs do not belong in the repository"
        exec(compile("".join(cell["source"]), "answer.ipynb", "exec"), names)
assert names["drawing"].to_dict()["title"]["text"].startswith("Q3")
print("the notebook runs")

# Every drawing against the published schema.
folder = pathlib.Path(altair.__file__).parent / "vegalite/v5/schema"
schema = json.loads((folder / "vega-lite-schema.json").read_text("utf-8"))
validator = jsonschema.Draft7Validator(schema)
wrong = {"data": {"values": []}, "mark": "bar", "encoding": {"x": {"type": "of no kind"}}}
assert not validator.is_valid(wrong), "the schema refuses what is wrong"
specs = sorted(work.glob("*.vl.json"))
assert len(specs) == 12, f"{len(specs)} drawings"
for spec in specs:
    validator.validate(json.loads(spec.read_text("utf-8")))
print(len(specs), "drawings follow the schema of Vega-Lite 5")


class Service(http.server.BaseHTTPRequestHandler):
    """A service that answers from the kept answers."""

    def reply(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        assert self.path == "/v1/questions" and self.headers["Authorization"] == "Bearer kobling-token-1.made-up"
        self.reply(200, b'[{"id":"funnel","number":"Q3","by":["role"]}]')

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.path == "/v1/questions/funnel", self.path
        if asked["by"] != ["role"]:
            self.reply(422, b'{"title":"refused","advice":"ask otherwise"}')
        else:
            self.reply(200, (kept / "funnel.json").read_bytes())

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
(work / "token").write_text("kobling-token-1.made-up\n")
address = f"http://127.0.0.1:{server.server_port}"
run = [sys.executable, str(examples / "ask.py"), address, "token"]
done = subprocess.run(run, check=True, capture_output=True, text=True, cwd=work)
assert "Q3 funnel by role" in done.stdout and "udsat traced 120" in done.stdout, done.stdout
assert "udoever completed hidden" in done.stdout, done.stdout
assert (work / "funnel.json").read_bytes() == (kept / "funnel.json").read_bytes()
print("ask.py asks")
