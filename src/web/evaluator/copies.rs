//! The same question for a command line and for programs, as text. No token stands in it: it is read from a file.

use axum::http::{HeaderMap, header};

use crate::language::Language;
use crate::name::DimensionId;
use crate::question::Ask;

/// A text to be copied.
pub(super) struct Copy {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) text: String,
}

/// The service's address as the visitor reached it; made of signs that mean nothing to a shell or a page.
pub(super) fn service(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if host.is_empty() || host.len() > 255 || !host.chars().all(plain) {
        return "https://kobling.example".to_owned();
    }
    let here = ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| {
        let port = host.strip_prefix(name);
        port.is_some_and(|port| port.is_empty() || port.starts_with(':'))
    });
    format!("{}://{host}", if here { "http" } else { "https" })
}

/// The question for `kobling`, `curl`, R and Python.
pub(super) fn of(ask: &Ask, service: &str, l: Language) -> Vec<Copy> {
    let Ask { question, period, .. } = ask;
    let by: Vec<&str> = ask.by.iter().map(DimensionId::as_str).collect();
    let population = ask.population.as_ref().map(|population| population.as_str());
    let by_option = if by.is_empty() { String::new() } else { format!(" --by {}", by.join(",")) };
    let population_option = population.map(|id| format!(" --population {id}")).unwrap_or_default();
    let command = format!(
        "kobling ask {question}{by_option}{population_option} --period {period} \\\n    \
         --service {service} --token-file evaluator.token --lang {}\n",
        l.tag()
    );
    let mut body = serde_json::json!({ "by": by, "period": period });
    if let Some(population) = population {
        body["population"] = population.into();
    }
    let header = l.choose(
        "# evaluator.header har én linje: Authorization: Bearer kobling-token-1.…",
        "# evaluator.header has one line: Authorization: Bearer kobling-token-1.…",
    );
    let curl = format!(
        "{header}\ncurl --fail-with-body -H @evaluator.header -H 'Content-Type: application/json' \\\n    \
         --data '{body}' --output {question}.json {service}/v1/questions/{question}\n"
    );
    let options = [("--by", by.join(",")), ("--population", population.unwrap_or_default().to_owned())];
    let options = options.iter().filter(|(_, value)| !value.is_empty());
    let options: String = options.map(|(name, value)| format!("\"{name}\", \"{value}\", ")).collect();
    let r = format!(
        "status <- system2(\"kobling\", c(\"ask\", \"{question}\", {options}\"--period\", \"{period}\",\n  \
         \"--service\", \"{service}\", \"--token-file\", \"evaluator.token\",\n  \
         \"--format\", \"csv\", \"--labels\", \"--lang\", \"{}\", \"--output\", \"{question}.csv\", \"--replace\"))\n\
         stopifnot(status == 0)\n\
         answer <- read.csv(\"{question}.csv\", na.strings = \"\", fileEncoding = \"UTF-8\")\n\
         shown <- answer[!answer$hidden %in% c(\"true\", TRUE), ]\n\
         print(shown)\n",
        l.tag()
    );
    let token =
        l.choose("# filen med linjen kobling-token-1.…", "# the file with the line kobling-token-1.…");
    let python = format!(
        "import json, urllib.request\n\n\
         with open(\"evaluator.token\", encoding=\"utf-8\") as file:  {token}\n    \
         token = next(line.strip() for line in file if line.startswith(\"kobling-token-1.\"))\n\
         request = urllib.request.Request(\"{service}/v1/questions/{question}\",\n    \
         data=json.dumps({body}).encode(),\n    \
         headers={{\"Authorization\": \"Bearer \" + token, \"Content-Type\": \"application/json\"}})\n\
         with urllib.request.urlopen(request, timeout=600) as response:\n    \
         body = response.read()\n\
         with open(\"{question}.json\", \"wb\") as file:\n    \
         file.write(body)\n\
         answer = json.loads(body)\n\
         ids = [figure[\"id\"] for figure in answer[\"table\"][\"figures\"]]\n\
         for row in answer[\"table\"][\"rows\"]:\n    \
         print(row[\"key\"], dict(zip(ids, row[\"figures\"])))\n"
    );
    vec![
        Copy { id: "copy-kobling", name: "kobling ask", text: command },
        Copy { id: "copy-curl", name: "curl", text: curl },
        Copy { id: "copy-r", name: "R", text: r },
        Copy { id: "copy-python", name: "Python", text: python },
    ]
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn at(host: &'static str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        service(&headers)
    }

    /// Attack: a host that ends the command and begins another one.
    #[test]
    fn nothing_of_a_host_is_read_by_a_shell() {
        assert_eq!(at("kobling.kommune.dk"), "https://kobling.kommune.dk");
        assert_eq!(at("127.0.0.1:8443"), "http://127.0.0.1:8443");
        assert_eq!(at("localhost.evil.example"), "https://localhost.evil.example");
        for host in ["a;rm -rf ~", "a'b", "$(id)", "a`b`", "a\"b", "a b", ""] {
            assert_eq!(at(host), "https://kobling.example", "{host}");
        }
    }
}
