"""An identity provider with three made-up people, for tests/sign_in: Canaille, its data in memory.

provider.py PORT REDIRECT...: prints `ready`, then does what lines on standard input say, and answers `done` to each:
`join USER GROUP`, `leave USER GROUP`, `rotate` (sign with a new key, publish no other). Ends with its input.
"""

import datetime
import logging
import sys
import threading

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from canaille.oidc import provider
from joserfc import jwk
from werkzeug.serving import make_server


def exact(_, code, client):
    """The code that is asked about: data in memory are found by the code or the client, so any code of the client would do."""
    found = Backend.instance.query(models.AuthorizationCode, code=code)
    found = [one for one in found if one.code == code and one.client.client_id == client.client_id]
    return found[0] if found and not found[0].is_expired() else None


provider.AuthorizationCodeGrant.query_authorization_code = exact


def key():
    return jwk.RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True)


def main():
    port, redirects = int(sys.argv[1]), sys.argv[2:]
    app = create_app(
        {
            "SECRET_KEY": "only here",
            "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "LANGUAGE": "en", "LOGGING": None},
            "CANAILLE_OIDC": {
                "ACTIVE_JWKS": [key()],
                "USERINFO_MAPPING": {
                    "PREFERRED_USERNAME": "{{ user.user_name }}",
                    "SUB": "{{ user.id }}",
                },
            },
        }
    )
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with app.app_context():
        backend = Backend.instance
        users = {}
        for name, given in [("karen", "Karen"), ("ole", "Ole"), ("nobody", "Nobody")]:
            user = models.User(
                formatted_name=f"{given} Prøve", given_name=given, family_name="Prøve",
                user_name=name, emails=[f"{name}@provider.example"], password="password of " + name,
            )
            backend.save(user)
            users[name] = user
        groups = {}
        for name, members in [("kobling-vive", ["karen"]), ("kobling-steward", ["ole"]), ("others", ["nobody"])]:
            group = models.Group(display_name=name, members=[users[one] for one in members])
            backend.save(group)
            groups[name] = group
        now = datetime.datetime.now(datetime.timezone.utc)
        client = models.Client(
            client_id="kobling", client_secret="secret of kobling", client_name="Kobling",
            client_id_issued_at=now, client_uri="http://127.0.0.1", contacts=["it@provider.example"],
            redirect_uris=redirects, grant_types=["authorization_code"], response_types=["code"],
            scope=["openid", "profile", "groups"], token_endpoint_auth_method="client_secret_basic",
        )
        backend.save(client)
        # As its own registration does: tokens are for the client itself.
        client.audience = [client]
        backend.save(client)
    server = make_server("127.0.0.1", port, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    for line in sys.stdin:
        with app.app_context():
            match line.split():
                case ["join", user, group]:
                    groups[group].members = [*groups[group].members, users[user]]
                    Backend.instance.save(groups[group])
                case ["leave", user, group]:
                    rest = [one for one in groups[group].members if one.id != users[user].id]
                    groups[group].members = rest
                    Backend.instance.save(groups[group])
                case ["rotate"]:
                    app.config["CANAILLE_OIDC"]["ACTIVE_JWKS"] = [key()]
                case other:
                    sys.exit(f"{other}: not known")
        print("done", flush=True)


if __name__ == "__main__":
    main()
