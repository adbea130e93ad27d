"""What a stranger with a description cannot know: ids that exist, and a partner's signing key.

The file named by KOBLING_WORLD holds both. Half of what is generated is left as it is.
"""

import base64
import json
import os
import re

import schemathesis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import strategies as st

with open(os.environ["KOBLING_WORLD"], encoding="utf-8") as file:
    WORLD = json.load(file)

KEY = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(WORLD["seed"]))
# The context of each signature, by path (docs/PROTOCOL.md).
CONTEXTS = {
    "/v1/consents": "kobling/v1/consents",
    "/v1/consents/as-of": "kobling/v1/consents/as-of",
    "/v1/consents/held": "kobling/v1/held",
    "/v1/access": "kobling/v1/held",
    "/v1/followups": "kobling/v1/follow-up",
}


@schemathesis.serializer("application/offset+octet-stream")
def rows(_, value):
    """Rows are bytes as they are."""
    return value if isinstance(value, bytes) else str(value).encode()


SIGNATURE = re.compile(r"^[A-Za-z0-9_-]{86}$")


@schemathesis.hook
def before_generate_path_parameters(context, strategy):
    """Ids that exist, beside those that do not."""
    known = WORLD["paths"].get(context.operation.path, [])
    if not known:
        return strategy
    return st.one_of(strategy, st.sampled_from(known).map(dict))


@schemathesis.hook
def map_body(context, body):
    """The programme's own linkage key and persons that exist: without them nothing gets past the first look.

    A token that is renewed lives on for a day at least: the rest of the run is under it.
    """
    if context.operation.path == "/v1/token/rotate" and isinstance(body, dict):
        hours = body.get("overlap_hours")
        if isinstance(hours, int) and not isinstance(hours, bool) and 0 <= hours < 24:
            body["overlap_hours"] = 24
        return body
    if context.operation.path not in CONTEXTS or not isinstance(body, dict):
        return body
    if isinstance(body.get("key_id"), str) and re.fullmatch("[0-9a-f]{16}", body["key_id"]):
        body["key_id"] = WORLD["key_id"]
    if isinstance(body.get("token"), str) and body["token"].startswith("cpr."):
        body["token"] = WORLD["token"]
    if isinstance(body.get("followup"), str) and re.fullmatch("[a-z0-9-]{1,32}", body["followup"]):
        body["followup"] = WORLD["followup"]
    return body


@schemathesis.hook
def before_call(context, case, kwargs):
    """Signs what is sent, where the header has the form of a signature."""
    signed = CONTEXTS.get(case.path)
    headers = case.headers or {}
    given = next((value for name, value in headers.items() if name.lower() == "kobling-signature"), None)
    if signed is None or not isinstance(given, str) or not SIGNATURE.match(given):
        return

    def sign(request):
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        signature = KEY.sign(signed.encode() + b"\0" + body)
        request.headers["Kobling-Signature"] = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
        return request

    kwargs["auth"] = sign
