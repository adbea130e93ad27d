//! The page: whole, closed to scripts and addresses, every text escaped, and what a screen reader needs.

use base64::Engine as _;
use kobling::extract::Unwatched;
use kobling::language::Language;
use kobling::programme::Programme;
use sha2::Digest as _;

use crate::known::every_kind;
use crate::made::{INTERVENTION, checked};

fn page(language: Language, change: impl Fn(String) -> String) -> String {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("<b>fil&\"'.csv");
    std::fs::write(&path, every_kind()).expect("written");
    let programme =
        Programme::parse(&change(INTERVENTION.to_owned())).unwrap_or_else(|error| panic!("{error}"));
    checked(&programme, &path, &mut Unwatched, |paper| paper.to_html(language))
}

/// Tags in order, without their attributes; what closes itself is left out.
fn tags(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let end = at + rest[at..].find('>').expect("every tag ends");
        let tag = &rest[at + 1..end];
        if !tag.starts_with('!') && !tag.starts_with("meta") && !tag.ends_with('/') {
            tags.push(tag.split(' ').next().expect("a name").to_owned());
        }
        rest = &rest[end + 1..];
    }
    tags
}

#[test]
fn the_page_is_whole_and_needs_nothing_else() {
    for language in [Language::Da, Language::En] {
        let page = page(language, |text| text);
        assert!(page.starts_with("<!doctype html>\n<html lang=\"") && page.ends_with("</html>\n"));
        assert!(page.contains(&format!("<html lang=\"{}\">", language.tag())));
        let mut open = Vec::new();
        for tag in tags(&page) {
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop().as_deref(), Some(name)),
                None => open.push(tag),
            }
        }
        assert!(open.is_empty(), "{open:?}");
        for never in
            ["<script", "http://", "https://", "src=", "href=", " style=", " on", "<form", "<iframe", "url("]
        {
            let body = &page[page.find("<body>").expect("a body")..];
            assert!(
                !body.contains(&format!("{never}=")) && (never == " on" || !body.contains(never)),
                "{never}"
            );
        }
        let style =
            page.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).expect("a style");
        let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
        assert!(page.contains(&format!("default-src 'none'; style-src 'sha256-{digest}'")));
        assert!(!style.contains("url(") && !style.contains("@import"));
        // Every header of a table says what it stands over, every table is named, every section has its heading.
        assert!(!page.contains("<th>") && !page.contains("<th class"));
        assert_eq!(page.matches("<table").count(), page.matches("<caption>").count());
        for id in page.split("aria-labelledby=\"").skip(1).map(|rest| rest.split('"').next().expect("an id"))
        {
            assert!(page.contains(&format!("<h2 id=\"{id}\">")), "{id}");
        }
        assert_eq!(page.matches("<h1>").count(), 1);
    }
}

#[test]
fn every_text_is_escaped() {
    for language in [Language::Da, Language::En] {
        let page = page(language, |text| {
            let title = "<script>alert(1)</script>&\\\"'";
            text.replace("Opsporing hos politiet", title)
                .replace("Tracing by the police", title)
                .replace("Tidlig indsats mod partnervold", title)
                .replace("Early intervention against partner violence", title)
                .replace("name = \"Københavns Politi\"", &format!("name = \"{title}\""))
        });
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;"));
        assert!(!page.contains("<script") && !page.contains("<b>"));
        assert!(page.contains("&lt;b&gt;fil&amp;&quot;&#39;.csv"));
    }
}
