//! A programme with payers and two contracts, made of the one that every test reads.

use crate::kit::PROGRAMME;

/// The programme with a payer and two contracts over one dataset: a quarter of the successes come anyhow, and every
/// tranche of five pays 5,000 kr.
pub fn programme() -> String {
    let consented = "rests_on = \"databeskyttelsesforordningen art. 6(1)(a) and 9(2)(a)\"\n";
    let contract = |id: &str, mode: &str, purpose: &str| {
        format!(
            r#"
[[question]]
id = "{id}"
number = "Q20"
kind = "payment"
purpose = "{purpose}"
audience = "payers"
title = {{ da = "Hvad skal der betales?", en = "What is to be paid?" }}
definition = {{ da = "Gennemførte forløb.", en = "Courses completed." }}
index = "contacted"
mode = "{mode}"
tranche = 5
cap_oere = 10000000
floor_oere = 0

[[question.indicator]]
id = "completed"
title = {{ da = "Gennemført", en = "Completed" }}
success = "completed"
window = [0, 30]
baseline_per_1000 = 250
tariff_oere = 100000
cap_oere = 10000000
"#
        )
    };
    let text = PROGRAMME
        .replace("evaluators = [{ id = \"vive\"", "payers = [{ id = \"investor\", name = \"Investor\" }, { id = \"fond\", name = \"Fond\" }]\nevaluators = [{ id = \"vive\"")
        .replace("[[notice]]\nid = \"samtykke\"\nversion = 1\nlanguage = \"da\"", "[[purpose]]\nid = \"payment\"\ntitle = { da = \"Betaling\", en = \"Payment\" }\n\n[[notice]]\nid = \"samtykke\"\nversion = 1\nlanguage = \"da\"")
        .replace("purposes = [\"evaluation\"]", "purposes = [\"evaluation\", \"payment\"]")
        .replace("recipients = [\"vive\"]", "recipients = [\"vive\", \"investor\", \"fond\"]")
        .replacen("id = \"reach\"\nnumber = \"Q1\"\n", "id = \"reach\"\nnumber = \"Q1\"\nstanding = true\n", 1);
    let at = text.find("id = \"forloeb\"").expect("the dataset");
    let (before, after) = text.split_at(at);
    let basis = format!(
        "{consented}\nspecial_categories = true\n\n[[dataset.basis]]\npurpose = \"payment\"\nkind = \"consent\"\n{consented}"
    );
    let text = format!("{before}{}", after.replacen(consented, &basis, 1));
    [text, contract("pay", "banded", "evaluation"), contract("pay-exact", "verified", "payment")].concat()
}
