"""Against a real service."""

import os
import pathlib
import subprocess
import sys

import pytest

from kobling_client import (
    HIDDEN,
    Answer,
    Changed,
    Client,
    Forbidden,
    Invalid,
    KoblingError,
    NotFound,
    NotFromService,
    Program,
    ProgramFailed,
    Unauthenticated,
    Unreachable,
)


def test_an_answer_is_kept_as_it_came_and_read(evaluator: Client, tmp_path: pathlib.Path) -> None:
    assert "funnel" in [question["id"] for question in evaluator.questions()]
    answer = evaluator.answer("funnel", {"by": ["role"], "period": "2022-Q1..2022-Q4"})
    answer.save(tmp_path / "funnel.json")
    assert Answer.load(tmp_path / "funnel.json").content == answer.content
    # The program itself verifies what was kept.
    Program(program=os.environ["KOBLING_PROGRAM"]).run("ask", "--verify", str(tmp_path / "funnel.json"))
    records = answer.records()
    assert records and all("count" in record and "role" in record for record in records)
    # Of so few persons all is hidden; a kept answer about many shows figures.
    assert HIDDEN in [record["count"] for record in records]
    many = Answer((pathlib.Path(os.environ["KOBLING_ANSWERS"]) / "funnel.json").read_bytes()).records()
    counts = [record["count"] for record in many]
    assert any(isinstance(count, int) and count > 0 for count in counts) and HIDDEN in counts, counts
    kept = (tmp_path / "funnel.json").read_bytes()
    (tmp_path / "changed.json").write_bytes(kept.replace(b'"hidden":true', b'"count":5', 1))
    with pytest.raises(Changed):
        Answer.load(tmp_path / "changed.json")


def test_refusals_have_a_type_a_code_and_both_languages(
    evaluator: Client, partner: Client, service: str, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(Forbidden) as forbidden:
        evaluator.packages()
    assert forbidden.value.code == "forbidden" and forbidden.value.title_da == "din rolle må ikke dette"
    with pytest.raises(NotFound):
        partner.withdraw_package("nothing/../here")
    with pytest.raises(Invalid) as invalid:
        evaluator.ask("funnel", {"period": "2022-Q4..2022-Q1"})
    assert invalid.value.code == "period" and "2022-Q1..2022-Q4" in invalid.value.advice
    (tmp_path / "no.token").write_text("kobling-token-1." + "A" * 43 + "\n", "utf-8")
    with pytest.raises(Unauthenticated):
        Client(service, tmp_path / "no.token").packages()


def test_every_role_reads_what_it_may(service: str, tokens: pathlib.Path, partner: Client) -> None:
    assert partner.packages()[0]["state"] == "complete" and partner.strand()["head"]["position"] > 0
    assert partner.programme()["id"] == "interventionsmodel" and partner.followups() and partner.erasures() == []
    steward = Client(service, tokens / "steward.token")
    waiting = steward.alias_proposals()
    assert len(waiting) == 3
    steward.reject_alias(str(waiting[0]["id"]))
    assert len(steward.alias_proposals()) == 2
    log = steward.answer_log(question="reach", before=1_000_000)
    assert {line["question"] for line in log["lines"]} == {"reach"}
    assert len(steward.signing_keys("lokk")) == 1
    auditor = Client(service, tokens / "auditor.token")
    assert auditor.audit()["sound"] and auditor.snapshots()[0]["id"] == 1
    payer = Client(service, tokens / "investor-1.token")
    assert payer.statements() == [] and payer.questions()


def test_no_connection_and_another_service_are_told_apart(tokens: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with pytest.raises(Unreachable):
        Client("http://127.0.0.1:9", tokens / "steward.token").packages()
    for address in ("http://kobling.example", "ftp://localhost", "https://a@b", "https://host/path"):
        with pytest.raises(KoblingError):
            Client(address, tokens / "steward.token")
    (tmp_path / "empty.token").write_text("nothing\n", "utf-8")
    with pytest.raises(KoblingError) as refused:
        Client("https://kobling.example", tmp_path / "empty.token")
    assert "kobling-token-1" in str(refused.value)
    client = Client("https://kobling.example", tokens / "steward.token")
    assert (tokens / "steward.token").read_text("utf-8").strip() not in repr(vars(client).keys()) + repr(client)
    assert issubclass(NotFromService, KoblingError)


def test_what_needs_keys_is_the_programs(tmp_path: pathlib.Path) -> None:
    program = Program(tmp_path, os.environ["KOBLING_PROGRAM"])
    with pytest.raises(ProgramFailed) as failed:
        program.send(dry_run=True)
    assert failed.value.status != 0 and "kobling.toml" in failed.value.said


def test_the_example_runs(service: str, tokens: pathlib.Path, tmp_path: pathlib.Path) -> None:
    example = pathlib.Path(__file__).parent.parent / "example.py"
    run = [sys.executable, str(example), service, str(tokens / "vive-1.token")]
    done = subprocess.run(run, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "Q3 funnel by" in done.stdout and "hidden" in done.stdout, done.stdout
    assert Answer.load(tmp_path / "funnel.json").records()
