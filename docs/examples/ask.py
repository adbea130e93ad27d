"""Asks over HTTP with Python alone: python ask.py https://kobling.example evaluator.token

The token's file holds the line that the operator gave: kobling-token-1.…
"""

import json
import sys
import urllib.error
import urllib.request

service, token_file = sys.argv[1:3]
with open(token_file, encoding="utf-8") as file:
    token = next(line.strip() for line in file if line.startswith("kobling-token-1."))


def call(path, body=None):
    """GET, or POST when there is a body; the answer as bytes."""
    request = urllib.request.Request(
        service.rstrip("/") + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": "Bearer " + token, "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=600) as response:
            return response.read()
    except urllib.error.HTTPError as error:
        # RFC 9457: what was refused, and what to do.
        problem = json.load(error)
        raise SystemExit(f"{problem['title']}: {problem.get('detail', '')} {problem.get('advice', '')}") from error


for question in json.loads(call("/v1/questions")):
    print(question["number"], question["id"], "by", ", ".join(question["by"]) or "nothing")

body = call("/v1/questions/funnel", {"by": ["role"], "period": "2022-Q1..2022-Q4", "population": "exposed"})
with open("funnel.json", "wb") as file:
    file.write(body)  # kept as it came: kobling ask --verify funnel.json

table = json.loads(body)["table"]
ids = [figure["id"] for figure in table["figures"]]
for row in table["rows"]:
    # {"count": 20}, {"percent": 67}, {"at_least": 76}, {"low": 12, "high": 80}, {"number": 12.3}, {"hidden": true} or None
    figures = dict(zip(ids, row["figures"]))
    count = figures["count"]
    print(" ".join(row["key"]), "hidden" if count.get("hidden") else count["count"])
