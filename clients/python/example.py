"""Asks what can be asked, keeps an answer, and prints it: python example.py https://kobling.example evaluator.token"""

import sys

from kobling_client import Client, Hidden, NoSnapshot


def main(service: str, token_file: str) -> None:
    client = Client(service, token_file)
    for question in client.questions():
        print(question["number"], question["id"], "by", ", ".join(question["by"]) or "nothing")
    try:
        answer = client.answer("funnel", {"by": ["role"], "period": "2022-Q1..2022-Q4"})
    except NoSnapshot as refused:
        raise SystemExit(f"{refused.title_da}: {refused.advice_da}") from refused
    answer.save("funnel.json")
    for record in answer.records():
        count = record["count"]
        key = [record[column] for column in answer.content["table"]["columns"]]
        print(*key, "hidden" if isinstance(count, Hidden) else count)


if __name__ == "__main__":
    main(*sys.argv[1:3])
