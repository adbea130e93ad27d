//! Each refusal of the question language once: the field it names, and the line it points at.

use super::*;

const ATTENDANCE: &str = include_str!("../../tests/fixtures/school-attendance.toml");

/// Replaces `from` (first time it stands) and expects a finding at `question.FIELD` that says `words`, on a line that
/// holds `line`.
#[track_caller]
fn refuses(from: &str, to: &str, field: &str, line: &str, words: &str) {
    assert!(ATTENDANCE.contains(from), "{from} is not there");
    let text = ATTENDANCE.replacen(from, to, 1);
    let Err(ProgrammeError(problems)) = Programme::parse(&text) else { panic!("{to} was let through") };
    let found = problems.iter().any(|problem| {
        let there = problem.line.checked_sub(1).and_then(|at| text.lines().nth(at));
        problem.field == format!("question.{field}")
            && problem.message.contains(words)
            && there.is_some_and(|there| there.contains(line))
    });
    assert!(found, "wanted {field} at {line}: {words}; got {problems:#?}");
}

#[test]
fn a_field_of_another_kind_is_refused_by_name() {
    for (field, line) in [
        ("window", "window = [0, 1]"),
        ("mode", "mode = \"banded\""),
        ("price_oere", "price_oere = 1"),
        ("view", "view = \"curve\""),
        ("condition", "condition = [{ id = \"x\", title = { da = \"\", en = \"\" }, stage = \"plan\" }]"),
        ("sum", "sum = [{ dataset = \"skole\" }]"),
        ("series", "series = []"),
    ] {
        let to = format!("stages = [\"worry\", \"plan\", \"back\"]\n{line}");
        let at = if field == "series" { "id = \"way\"" } else { line };
        refuses(
            "stages = [\"worry\", \"plan\", \"back\"]",
            &to,
            &format!("way.{field}"),
            at,
            "kind funnel does not have it",
        );
    }
    refuses(
        "kind = \"consents\"",
        "kind = \"consents\"\ndays = [1]",
        "consents.days",
        "days",
        "no fields of its own",
    );
}

#[test]
fn a_needed_field_is_missed_by_name() {
    for (from, field, id) in [
        ("datasets = [\"skole\"]\n", "reach.datasets", "reach"),
        ("stages = [\"worry\", \"plan\", \"back\"]\n", "way.stages", "way"),
        ("exit = \"left\"\n", "leaving.exit", "leaving"),
        ("index = \"worry\"\noutcome = \"plan\"\n", "time-to-plan.index", "time-to-plan"),
        ("days = [7, 30, 90]\n", "time-to-plan.days", "time-to-plan"),
        ("moment = \"moment\"\n", "wellbeing.moment", "wellbeing"),
        ("least_change = 10\n", "wellbeing.least_change", "wellbeing"),
        ("window = [0, 365]\n", "cost.window", "cost"),
        ("sum = [{ dataset = \"stoette\", measure = \"givet\" }]\n", "cost.sum", "cost"),
        ("within_days = 183\n", "plan-or-not.within_days", "plan-or-not"),
        ("years = 5\n", "net.years", "net"),
        ("tranche = 5\n", "statement.tranche", "statement"),
        ("cap_oere = 500000000\n", "statement.cap_oere", "statement"),
    ] {
        refuses(from, "", field, &format!("id = \"{id}\""), "");
    }
}

#[test]
fn units_need_their_columns() {
    refuses("unit = \"pair\"", "unit = \"case\"\nby = \"sag\"", "worry-again.by", "by", "does not have it");
    let pair = "index = \"support\"\noutcome = \"worry\"";
    refuses(
        "index = \"worry\"\noutcome = \"worry\"",
        pair,
        "worry-again.unit",
        "pair",
        "stoette is read for its units and has no related_person",
    );
    let window = "index = \"worry\"\nwindow = [0, 365]";
    let case = "unit = \"case\"\nindex = \"support\"\nwindow = [0, 365]";
    refuses(window, case, "cost.unit", "case", "no case column");
    refuses(
        "kind = \"consents\"",
        "kind = \"consents\"\nunit = \"case\"",
        "consents.unit",
        "case",
        "are of persons",
    );
    refuses("persons = 2", "persons = 0", "family.condition.two-back.persons", "persons", "1 to 100");
    refuses(
        "unit = \"case\"\ntitle",
        "title",
        "family.condition.two-back.persons",
        "persons",
        "1 to 1 persons",
    );
}

#[test]
fn ways_and_follow_up_do_not_contradict_themselves() {
    refuses("[\"worry\", \"plan\", \"back\"]", "[\"worry\"]", "way.stages", "stages", "at least 2");
    refuses("[\"worry\", \"plan\", \"back\"]", "[\"worry\", \"worry\"]", "way.stages", "stages", "twice");
    refuses("within_days = 365", "within_days = 0", "way.within_days", "within_days", "1 to 3650");
    refuses("exit = \"left\"", "exit = \"plan\"", "leaving.exit", "exit", "none of the stages");
    refuses("reason = \"reason\"", "reason = \"school\"", "leaving.reason", "reason", "kind column");
    refuses("exit = \"left\"", "exit = \"support\"", "leaving.reason", "reason", "no column of it");
    for days in ["[]", "[30, 7]", "[7, 7]", "[3651]"] {
        refuses(
            "days = [7, 30, 90]",
            &format!("days = {days}"),
            "time-to-plan.days",
            "days",
            "ascending, from 1 to 3650",
        );
    }
    refuses("days = [180, 365]", "days = [0, 365]", "worry-again.days", "days", "from 1");
    // A curve has its own beginning: day 0 twice would be one key for two cells.
    refuses("days = [7, 30, 90]", "days = [0, 30, 90]", "time-to-plan.days", "days", "from 1");
    refuses("view = \"curve\"", "view = \"rate\"", "time-to-plan.days", "days", "leave days out");
    refuses("view = \"curve\"", "view = \"before_after\"", "time-to-plan.view", "view", "kind repeat");
    refuses(
        "view = \"curve\"",
        "view = \"mean\"",
        "time-to-plan.view",
        "view",
        "within, curve, rate, before_after",
    );
    refuses(
        "view = \"curve\"",
        "view = \"curve\"\nsince = \"previous\"",
        "time-to-plan.since",
        "since",
        "view within alone",
    );
    refuses(
        "since = \"previous\"",
        "view = \"before_after\"",
        "worry-again.via",
        "via",
        "nothing comes between",
    );
    refuses(
        "outcome = \"plan\"",
        "outcome = \"worry\"",
        "time-to-plan.outcome",
        "outcome",
        "always on day 0",
    );
    refuses("ends = [\"moved\"]", "ends = [\"plan\"]", "time-to-plan.ends", "ends", "its own follow-up");
}

#[test]
fn conditions_are_one_thing_and_name_earlier_ones() {
    refuses("stage = \"back\"\npersons", "persons", "family.condition.two-back", "two-back", "one of");
    refuses(
        "persons = 2",
        "persons = 2\nall = [\"plan\"]",
        "family.condition.two-back",
        "two-back",
        "one of",
    );
    refuses(
        "window = [0, 30]",
        "window = [30, 0]",
        "family.condition.plan.window",
        "window",
        "first at most last",
    );
    refuses(
        "[\"plan\", \"two-back\"]",
        "[\"plan\", \"both\"]",
        "family.condition.both.all",
        "all",
        "no earlier condition",
    );
    refuses("[\"plan\", \"two-back\"]", "[\"plan\"]", "family.condition.both.all", "all", "at least two");
    refuses("id = \"two-back\"", "id = \"plan\"", "family.condition", "id = \"plan\"", "twice");
    refuses(
        "trained_in = \"kursus\"",
        "trained_in = \"stoette\"",
        "as-planned.condition.trained.trained_in",
        "trained_in",
        "has no staff column",
    );
    let support = "stage = \"support\"\ntrained_in";
    refuses(
        "stage = \"plan\"\ntrained_in",
        support,
        "as-planned.condition.trained.trained_in",
        "trained_in",
        "of the stage, has no staff",
    );
    let issued =
        "title = { da = \"Lærere på kursus\", en = \"Teachers trained\" }\nstaff_issuer = \"soendre-skole\"";
    refuses(
        "title = { da = \"Lærere på kursus\", en = \"Teachers trained\" }",
        issued,
        "as-planned.condition.trained.trained_in",
        "trained_in",
        "staff numbers of nordre-skole",
    );
    refuses("percent = 80", "percent = 101", "as-planned.condition.hours.delivered", "percent", "1 to 100");
    refuses(
        "done = \"givet\"",
        "done = \"betaler\"",
        "as-planned.condition.hours.delivered",
        "done",
        "only a measure",
    );
}

#[test]
fn changes_have_two_moments_and_their_view_s_fields() {
    refuses("[\"start\", \"slut\"]", "[\"start\"]", "wellbeing.moments", "moments", "at least two");
    refuses("[\"start\", \"slut\"]", "[\"start\", \"start\"]", "wellbeing.moments", "moments", "twice");
    refuses("moment = \"moment\"\n", "moment = \"score\"\n", "wellbeing.moment", "score", "category column");
    refuses("value = \"score\"", "value = \"elev\"", "wellbeing.value", "elev", "category or a measure");
    refuses("value = \"score\"", "value = \"moment\"", "wellbeing.least_change", "least_change", "a rating");
    refuses("least_change = 10", "least_change = 101", "wellbeing.least_change", "least_change", "1 to 100");
    refuses(
        "least_change = 10",
        "least_change = 10\nbands = [50]",
        "wellbeing.bands",
        "bands",
        "view status",
    );
    for bands in ["[]", "[50, 35]", "[100]", "[-1, 5]"] {
        let to = format!("view = \"status\"\nbands = {bands}");
        refuses("view = \"direction\"\nleast_change = 10", &to, "wellbeing.bands", "bands", "ascending");
    }
    let rating = "value = \"moment\"\nview = \"mean\"\n";
    refuses(
        "value = \"score\"\nview = \"direction\"\nleast_change = 10\n",
        rating,
        "wellbeing.view",
        "view",
        "no mean",
    );
}

#[test]
fn money_adds_up() {
    refuses("price_oere = 45000\nby", "price_oere = 0\nby", "cost.price_oere", "price_oere", "at least 1");
    refuses(
        "price_oere = 45000\nby",
        "price_oere = 10000000001\nby",
        "cost.price_oere",
        "price_oere",
        "one row worth",
    );
    refuses("by = \"betaler\"", "by = \"givet\"", "cost.by", "by", "category column");
    let two = "measure = \"givet\" }, { dataset = \"stoette\", measure = \"planlagt\", column = \"betaler\", codes = [\"stat\"] }]\nprice_oere = 1\nview = \"none\"\n#";
    refuses("measure = \"givet\" }]\nprice_oere", two, "cost.price_oere", "price_oere", "view none");
    let mixed = "measure = \"givet\" }, { dataset = \"skole\" }]\nprice_oere";
    refuses("measure = \"givet\" }]\nprice_oere", mixed, "cost.sum", "sum", "one unit");
    refuses("measure = \"givet\" }]\nprice_oere", mixed, "cost.by", "by", "one dataset");
    let twice = "measure = \"givet\" }, { dataset = \"stoette\", measure = \"planlagt\" }]\nprice_oere";
    refuses("measure = \"givet\" }]\nprice_oere", twice, "cost.sum", "sum", "summed twice");
    let rows = "sum = [{ dataset = \"stoette\" }]\nby";
    refuses(
        "sum = [{ dataset = \"stoette\", measure = \"givet\" }]\nprice_oere = 45000\nby",
        rows,
        "cost.measured_in",
        "sum",
        "say what is counted",
    );
    refuses(
        "by = \"betaler\"",
        "measured_in = { da = \"t\", en = \"h\" }",
        "cost.measured_in",
        "measured_in",
        "leave it out",
    );
    refuses(
        "price_oere = 45000\n\n[[question]]\nid = \"statement\"",
        "\n[[question]]\nid = \"statement\"",
        "net.element.hours.price_oere",
        "id = \"hours\"",
        "give the price",
    );
    refuses("likely = 70", "likely = 30", "net.scenarios_percent", "scenarios", "low at most likely");
    refuses("high = 100", "high = 101", "net.scenarios_percent", "scenarios", "at most 100");
    refuses("years = 5", "years = 31", "net.years", "years", "1 to 30");
    refuses("= 350", "= 10001", "net.discount_basis_points", "discount", "at most 10000");
    refuses("days_each_way = 365", "days_each_way = 0", "net.days_each_way", "days_each_way", "1 to 3650");
}

#[test]
fn what_is_never_negative_may_be_summed() {
    let from = "unit = \"timer\"\ndecimals = 1\nmin = 0\nmax = 1000\n\n[[dataset.column]]\nid = \"betaler\"";
    refuses(from, &from.replace("min = 0", "min = -1"), "cost.sum", "sum", "min 0 or more");
    let decimals = from.replace("decimals = 1", "decimals = 2");
    refuses(from, &decimals, "as-planned.condition.hours.delivered", "done", "one unit");
}

#[test]
fn comparisons_have_two_cohorts_that_differ() {
    refuses("index = \"support\"\n", "index = \"worry\"\n", "plan-or-not.cohort", "index", "same index");
    let third = "[[question.cohort]]\nid = \"third\"\ntitle = { da = \"\", en = \"\" }\nindex = \"plan\"\n\n[[question.cohort]]\nid = \"not\"";
    refuses("[[question.cohort]]\nid = \"not\"", third, "plan-or-not.cohort", "plan-or-not", "exactly two");
    refuses(
        "within_days = 183",
        "within_days = 183\nfrom_day = 184",
        "plan-or-not.from_day",
        "from_day",
        "after the last",
    );
    refuses(
        "within_days = 183",
        "at_index = true\nwithin_days = 183",
        "plan-or-not.within_days",
        "within_days",
        "leave it out",
    );
    refuses(
        "within_days = 183\nends = [\"moved\"]",
        "at_index = true",
        "plan-or-not.outcome",
        "outcome",
        "no event of it",
    );
}

#[test]
fn a_contract_is_bounded_and_asked_by_payers() {
    refuses("tranche = 5", "tranche = 4", "statement.tranche", "tranche", "at least 5");
    refuses(
        "floor_oere = 1000000",
        "floor_oere = 500000001",
        "statement.floor_oere",
        "floor",
        "above the cap",
    );
    refuses(
        "= 300\ntariff",
        "= 1001\ntariff",
        "statement.indicator.back.baseline_per_1000",
        "baseline",
        "at most 1000",
    );
    refuses(
        "tariff_oere = 10000000",
        "tariff_oere = 4294967299",
        "statement.indicator.back.tariff_oere",
        "tariff",
        "1 to 4294967298 øre",
    );
    refuses(
        "tariff_oere = 10000000",
        "tariff_oere = 100000000",
        "statement.indicator.back.cap_oere",
        "cap_oere",
        "more than the cap",
    );
    refuses(
        "cap_oere = 400000000",
        "cap_oere = 500000001",
        "statement.indicator.back.cap_oere",
        "cap_oere",
        "above the cap over all",
    );
    refuses(
        "window = [1, 365]",
        "window = [2, 1]",
        "statement.indicator.back.window",
        "window",
        "first at most last",
    );
    refuses(
        "kind = \"payment\"",
        "kind = \"payment\"\nstanding = true",
        "statement.standing",
        "standing",
        "made once",
    );
    refuses(
        "kind = \"payment\"",
        "kind = \"payment\"\ndimensions = [\"school\"]",
        "statement.dimensions",
        "dimensions",
        "whole cohort",
    );
    refuses(
        "purpose = \"payment\"\naudience = \"payers\"",
        "purpose = \"payment\"",
        "statement.audience",
        "statement",
        "payers",
    );
    refuses(
        "payers = [{ id = \"fond\", name = \"Skolefonden\" }]",
        "",
        "reach.audience",
        "audience",
        "no payers",
    );
    refuses(
        "kind = \"payment\"\npurpose = \"payment\"",
        "kind = \"payment\"\npurpose = \"evaluation\"",
        "statement.purpose",
        "purpose",
        "only for the purpose payment",
    );
    let task = "purpose = \"payment\"\nkind = \"task\"";
    refuses(
        "purpose = \"payment\"\nkind = \"consent\"",
        task,
        "statement.purpose",
        "purpose",
        "does not rest on consent",
    );
    let statistics = "purpose = \"payment\"\nkind = \"statistics\"";
    refuses(
        "purpose = \"payment\"\nkind = \"consent\"",
        statistics,
        "statement.purpose",
        "purpose",
        "never decide a payment",
    );
}

#[test]
fn series_are_one_thing() {
    refuses(
        "active = \"support\"",
        "active = \"support\"\nnew = \"plan\"",
        "activity.series.active",
        "active",
        "one of",
    );
    refuses("until = [\"plan\", \"left\"]\n", "", "activity.series.waiting", "waiting", "go together");
    refuses(
        "until = [\"plan\", \"left\"]",
        "until = [\"worry\"]",
        "activity.series.waiting",
        "waiting",
        "other stage",
    );
    refuses(
        "staff = [\"skole\"]",
        "staff = [\"stoette\"]",
        "activity.series.teachers",
        "staff",
        "no staff column",
    );
    refuses("id = \"teachers\"", "id = \"new\"", "activity.series", "new", "twice");
}

#[test]
fn events_and_ceilings() {
    let found = |from: &str, to: &str, field: &str, words: &str| {
        let text = ATTENDANCE.replacen(from, to, 1);
        let ProgrammeError(problems) = Programme::parse(&text).expect_err("refused");
        let found = problems.iter().any(|p| p.field == field && p.message.contains(words));
        assert!(found, "wanted {field}: {words}; got {problems:#?}");
    };
    let support = "events = [{ dataset = \"stoette\" }]";
    found(support, "events = []", "stage.support", "1 to 64 events");
    found(
        support,
        "events = [{ dataset = \"stoette\", measure = \"givet\" }]",
        "stage.support",
        "no measure",
    );
    found(
        support,
        "events = [{ dataset = \"stoette\", column = \"betaler\" }]",
        "stage.support",
        "go together",
    );
    found(
        support,
        "events = [{ dataset = \"stoette\", column = \"betaler\", codes = [] }]",
        "stage.support",
        "at least one code",
    );
    found(
        support,
        "events = [{ dataset = \"stoette\", where = [{ column = \"givet\", codes = [\"stat\"] }] }]",
        "stage.support",
        "category column",
    );
    let twice = "events = [{ dataset = \"stoette\", where = [{ column = \"betaler\", codes = [\"stat\"] }, { column = \"betaler\", codes = [\"kommune\"] }] }]";
    found(support, twice, "stage.support.where", "twice");
    found("closing_days = 45", "closing_days = 367", "programme.closing_days", "within 366 days");
    // 66 stages of one event each, all named by one funnel.
    let mut stages = String::new();
    let mut names = Vec::new();
    for at in 0..66 {
        names.push(format!("\"s{at}\""));
        stages += &format!(
            "[[stage]]\nid = \"s{at}\"\ntitle = {{ da = \"\", en = \"\" }}\nevents = [{{ dataset = \"stoette\" }}]\n\n"
        );
    }
    let text = ATTENDANCE.replacen("[[stage]]", &format!("{stages}[[stage]]"), 1);
    let text = text.replacen("[\"worry\", \"plan\", \"back\"]", &format!("[{}]", names.join(", ")), 1);
    let ProgrammeError(problems) = Programme::parse(&text).expect_err("refused");
    assert!(
        problems.iter().any(|p| p.field == "question.way" && p.message.contains("66 stages")),
        "{problems:?}"
    );
}

#[test]
fn columns_of_every_kind_count_as_read() {
    // Without the question that reads it, a column is nobody's.
    for (id, column) in [
        ("wellbeing", "dataset.trivsel.column.score"),
        ("as-planned", "dataset.kursus.column.laerer"),
        ("as-planned", "dataset.stoette.column.planlagt"),
    ] {
        let from = ATTENDANCE.find(&format!("[[question]]\nid = \"{id}\"")).expect("there");
        let to = ATTENDANCE[from + 1..].find("[[question]]\n").map_or(ATTENDANCE.len(), |at| from + 1 + at);
        let text = format!("{}{}", &ATTENDANCE[..from], &ATTENDANCE[to..]);
        let ProgrammeError(problems) = Programme::parse(&text).expect_err("refused");
        assert!(
            problems.iter().any(|p| p.field == column && p.message.contains("nobody uses")),
            "{problems:?}"
        );
    }
}
