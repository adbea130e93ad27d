"""Recomputes every vector of tokens.json with the standard library alone; exit status 1 and a list where one differs."""
import base64, hashlib, hmac, json, pathlib, re, sys, unicodedata

mac = lambda key, data: hmac.new(key, data, hashlib.sha256).digest()
hkdf = lambda salt, secret, info, size=32: mac(mac(salt, secret), info.encode() + b"\1")[:size]  # RFC 5869, one block
service = lambda key, info: hkdf(b"kobling/v1/service", key, info)
text = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
raw = lambda token: base64.urlsafe_b64decode(token.split(".")[1] + "=")
zero = lambda number: "0" + number if re.fullmatch("[0-9]{9}", number) else number
person = lambda i: zero(re.sub("[-\\s\u00a0\u2010-\u2014]", "", i).upper())
local = lambda i: unicodedata.normalize("NFC", i.strip())
checksum = lambda prefix, k: hashlib.sha256(prefix.encode() + b"\0" + k).hexdigest()[:8]
WORDS = pathlib.Path(__file__).with_name("words-da.txt").read_text(encoding="ascii").split()
words = lambda data: " ".join(WORDS[byte] for byte in data)
kind = lambda v: v["scope"].split("/")[0]
canonical = lambda v: (local if kind(v) in ("case", "staff") else person)(v["input"])
token = lambda v, k: mac(hkdf(v["programme"].encode(), k, "kobling/v1/token/" + v["scope"]), canonical(v).encode())
key_id = lambda v, k: hkdf(v["programme"].encode(), k, "kobling/v1/key-id", 8)
fingerprint = lambda k: hashlib.sha256(k).digest()[:10]


def times(a, b):
    """Product in GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1."""
    product = 0
    while b:
        product, a, b = product ^ a * (b & 1), a << 1 ^ 0x11D * (a >> 7), b >> 1
    return product


def value(points, at):
    """What the polynomials through some points {x: bytes} are at another place (Lagrange)."""
    result = bytes(32)
    for x, y in points.items():
        part = 1
        for other in points.keys() - {x}:
            part = times(part, times(at ^ other, next(n for n in range(256) if times(n, x ^ other) == 1)))
        result = bytes(r ^ times(part, b) for r, b in zip(result, y))
    return result


def shares(v, k):
    """All lines of a split from the first ones that are enough, and the key that those give."""
    payloads = [base64.urlsafe_b64decode(line.split(":")[1]) for line in v["lines"]]
    points = {payload[0]: payload[19:] for payload in payloads[:v["needed"]]}
    head = bytes([v["needed"], v["of"]]) + bytes.fromhex(v["split"]) + key_id(v, k)
    again = [bytes([n]) + head + value(points, n) for n in range(1, v["of"] + 1)]
    line = lambda data: ":".join((v["type"], text(data), checksum(v["type"], data)))
    return {"lines": [line(data) for data in again], "secret": text(value(points, 0))}


RULES = {
    "shares": shares,
    "keys": lambda v, k: {"key_id": key_id(v, k).hex(), "words": words(key_id(v, k))},
    "tokens": lambda v, k: {"canonical": canonical(v), "token": kind(v) + "." + text(token(v, k))},
    "links": lambda v, k: {"link": mac(service(k, "link"), v["scope"].encode() + b"\0" + raw(v["token"]))[:16].hex()},
    "service_keys": lambda v, k: {"link": service(k, "link").hex(), "signing": service(k, "signing").hex()},
    "files": lambda v, k: {"line": ":".join((v["type"], text(k), checksum(v["type"], k)))},
    "fingerprints": lambda v, k: {
        "text": text(k), "fingerprint": "-".join(re.findall("....", fingerprint(k).hex())), "words": words(fingerprint(k))},
}
computed = lambda section, v: RULES[section](v, bytes.fromhex(v["key"]))

if __name__ == "__main__":
    path = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("tokens.json")
    vectors = [(s, n, v) for s, vs in json.load(open(path, encoding="utf-8")).items() for n, v in enumerate(vs)]
    wrong = [f"{s}[{n}].{f}" for s, n, v in vectors for f, value in computed(s, v).items() if v.get(f) != value]
    print(f"{len(vectors)} vectors, {len(wrong)} wrong", *wrong, sep="\n  ")
    sys.exit(bool(wrong) or not vectors)
