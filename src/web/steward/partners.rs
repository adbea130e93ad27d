//! Partners and their signing keys: enrolled after two people have compared them by telephone, and revoked.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::confirm::{Button, ConfirmPage};
use super::notice::{self, Notice};
use super::words::partner_kind;
use crate::http::blocking;
use crate::key::VerifyingKey;
use crate::language::Language;
use crate::name::PartnerId;
use crate::service::{Reason, ServiceError};
use crate::store::{EnrolledKey, StoreError};
use crate::web::Web;
use crate::web::form::{Fields, Filled};
use crate::web::frame::Frame;
use crate::web::guard::{Visit, Visitor};
use crate::web::page::{self, Refusal};
use crate::web::words;

/// A partner in the list.
struct PartnerView {
    id: String,
    name: String,
    kind: &'static str,
    in_force: usize,
}

#[derive(Template)]
#[template(path = "steward/partners.html")]
struct PartnersPage {
    frame: Frame,
    partners: Vec<PartnerView>,
}

/// A key in a partner's table.
struct KeyView {
    fingerprint: String,
    words: String,
    enrolled: String,
    revoked: Option<String>,
}

impl From<EnrolledKey> for KeyView {
    fn from(row: EnrolledKey) -> KeyView {
        let fingerprint = row.key.fingerprint();
        KeyView {
            fingerprint: fingerprint.to_string(),
            words: fingerprint.words(),
            enrolled: words::moment(row.enrolled_at),
            revoked: row.revoked_at.map(words::moment),
        }
    }
}

#[derive(Template)]
#[template(path = "steward/partner.html")]
struct PartnerPage {
    frame: Frame,
    notice: Option<Notice>,
    id: String,
    kind: &'static str,
    keys: Vec<KeyView>,
    /// What was pasted, and what is wrong with it.
    wrong: Option<(String, &'static str)>,
}

pub(super) async fn list(State(web): State<Arc<Web>>, visitor: Visitor) -> Result<Response, Refusal> {
    let l = visitor.visit.language;
    let service = Arc::clone(&web.service);
    let read = move || -> Result<Vec<PartnerView>, ServiceError> {
        let view = |partner: &crate::programme::Partner| {
            let keys = service.keys(&partner.id)?;
            Ok(PartnerView {
                id: partner.id.to_string(),
                name: partner.name.clone(),
                kind: partner_kind(partner.kind, l),
                in_force: keys.iter().filter(|key| key.revoked_at.is_none()).count(),
            })
        };
        service.programme().partners.iter().map(view).collect()
    };
    let partners = blocking(read).await?;
    Ok(page::show(&PartnersPage {
        frame: Frame::of(&visitor.visit, l.choose("Partnere", "Partners")),
        partners,
    }))
}

fn partner(id: &str) -> Result<PartnerId, Refusal> {
    id.parse().map_err(|_| Refusal::of(Reason::NotFound))
}

async fn page_of(
    web: &Arc<Web>,
    visit: &Visit,
    id: &PartnerId,
    done: Option<&str>,
    wrong: Option<(String, &'static str)>,
) -> Result<Response, Refusal> {
    let l = visit.language;
    let (service, of) = (Arc::clone(&web.service), id.clone());
    let keys = blocking(move || service.keys(&of)).await?;
    let partner = web.service.programme().partner(id).ok_or(Refusal::of(Reason::NotFound))?;
    let mut frame = Frame::of(visit, &partner.name);
    if wrong.is_some() {
        frame = frame.elsewhere(&format!("/partners/{id}"));
    }
    let page = PartnerPage {
        frame,
        notice: notice::of(done, l),
        id: id.to_string(),
        kind: partner_kind(partner.kind, l),
        keys: keys.into_iter().map(KeyView::from).collect(),
        wrong,
    };
    Ok(page::show(&page))
}

pub(super) async fn one(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Refusal> {
    page_of(&web, &visitor.visit, &partner(&id)?, fields.one("done"), None).await
}

/// Why a text is no public key, as far as its looks tell. What may be a secret is never shown again.
fn wrong_key(text: &str, l: Language) -> (String, &'static str) {
    let lower = text.to_ascii_lowercase();
    let is_fingerprint = text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if lower.contains("kobling-") || lower.contains("secret") || lower.contains("private") {
        let why = l.choose(
            "Det ligner en hemmelig nøgle. Den må aldrig forlade partneren: bed dem lave en ny med kobling signing-key new, og kun sende linjen efter »public«.",
            "That looks like a secret key. It must never leave the partner: ask them to make a new one with kobling signing-key new, and to send the line after “public” alone.",
        );
        return (String::new(), why);
    }
    let why = if lower.starts_with("age1") {
        l.choose(
            "Det er en modtagernøgle til koblingsnøglen (age). Her skal underskriftsnøglen stå.",
            "That is a recipient key for the linkage key (age). The signing key belongs here.",
        )
    } else if is_fingerprint {
        l.choose(
            "Det er et fingeraftryk. Her skal selve den offentlige nøgle stå; fingeraftrykket sammenlignes bagefter.",
            "That is a fingerprint. The public key itself belongs here; the fingerprint is compared afterwards.",
        )
    } else {
        l.choose(
            "En offentlig underskriftsnøgle er 43 tegn: bogstaver, tal, - og _. Kopiér hele linjen.",
            "A public signing key is 43 characters: letters, digits, - and _. Copy the whole line.",
        )
    };
    (text.chars().take(200).collect(), why)
}

/// Shows the fingerprint of what was pasted. Nothing is changed yet, and nothing of it stands in an address.
pub(super) async fn check(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    form: Filled,
) -> Result<Response, Refusal> {
    let id = partner(&id)?;
    let visit = &form.visitor.visit;
    let l = visit.language;
    let text: String = form.fields.one("public_key").unwrap_or_default().to_owned();
    let Ok(key) = text.parse::<VerifyingKey>() else {
        let shown = page_of(&web, visit, &id, None, Some(wrong_key(&text, l))).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response());
    };
    let (service, of) = (Arc::clone(&web.service), id.clone());
    let read = move || -> Result<(bool, bool, bool), ServiceError> {
        let own = service.keys(&of)?;
        let others = service.programme().partners.iter().filter(|partner| partner.id != of);
        let elsewhere = others.map(|partner| service.keys(&partner.id)).collect::<Result<Vec<_>, _>>()?;
        let is = |row: &&EnrolledKey| row.key == key;
        let in_force = own.iter().any(|row| row.key == key && row.revoked_at.is_none());
        let revoked = own.iter().any(|row| row.key == key && row.revoked_at.is_some());
        Ok((in_force, revoked, elsewhere.iter().flatten().any(|row| is(&row))))
    };
    let (in_force, revoked, other) = blocking(read).await?;
    let already = l.choose(
        "Denne nøgle gælder allerede for partneren.",
        "This key is in force for the partner already.",
    );
    let gone = l.choose(
        "Denne nøgle er spærret og kommer aldrig igen. Partneren laver en ny.",
        "This key was revoked and never comes back. The partner makes a new one.",
    );
    if in_force || revoked {
        let why = if revoked { gone } else { already };
        let shown = page_of(&web, visit, &id, None, Some((text, why))).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response());
    }
    let name = words::partner(web.service.programme(), &id);
    let frame = Frame::of(visit, l.choose("Registrér en underskriftsnøgle", "Enrol a signing key"))
        .elsewhere(&format!("/partners/{id}"));
    let page = ConfirmPage {
        frame,
        facts: vec![
            (l.choose("Partner", "Partner"), name),
            (l.choose("Fingeraftryk", "Fingerprint"), key.fingerprint().to_string()),
            (l.choose("I ord", "In words"), key.fingerprint().words()),
        ],
        warning: other.then_some(l.choose(
            "En anden partner har, eller havde, den samme nøgle. To partnere må ikke dele nøgle: spørg begge, før du registrerer den.",
            "Another partner has, or had, the same key. Two partners must not share one: ask both before you enrol it.",
        )),
        follows: vec![
            l.choose("Pakker, samtykker og opslag, som nøglen har underskrevet, tages imod fra partneren.", "Packages, consents and look-ups signed by the key are taken in from the partner."),
            l.choose("Det står i revisionskæden, med dit navn.", "It stands in the audit chain, with your name."),
        ],
        action: format!("/{}/partners/{id}/keys", l.tag()),
        hidden: vec![("public_key", key.to_string())],
        tick: Some(l.choose(
            "Jeg har ringet til partneren på et nummer, jeg kendte i forvejen, og vi har sammenlignet fingeraftrykket eller ordene.",
            "I have called the partner on a number that I knew before, and we compared the fingerprint or the words.",
        )),
        buttons: vec![Button { verdict: "enrol", text: l.choose("Registrér nøglen", "Enrol the key"), main: true }],
        back: format!("/{}/partners/{id}", l.tag()),
    };
    Ok(page::show(&page))
}

fn done(l: Language, id: &PartnerId, word: &str) -> Response {
    Redirect::to(&format!("/{}/partners/{id}?done={word}", l.tag())).into_response()
}

pub(super) async fn enrol(
    State(web): State<Arc<Web>>,
    Path(id): Path<String>,
    form: Filled,
) -> Result<Response, Refusal> {
    let id = partner(&id)?;
    if form.fields.one("tick").is_none() {
        return Err(Refusal::Told(
            "Sammenlign fingeraftrykket i telefonen, og sæt hak ved det.",
            "Compare the fingerprint on the telephone, and tick that you did.",
        ));
    }
    let key: VerifyingKey = form.fields.read("public_key").map_err(|_| Refusal::of(Reason::PublicKey))?;
    let (service, actor, of) = (Arc::clone(&web.service), form.visitor.principal.actor(), id.clone());
    blocking(move || service.enrol_key(&actor, &of, &key)).await?;
    Ok(done(form.visitor.visit.language, &id, "enrolled"))
}

pub(super) async fn ask_revoke(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path((id, fingerprint)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let id = partner(&id)?;
    let l = visitor.visit.language;
    let (service, of) = (Arc::clone(&web.service), id.clone());
    let keys = blocking(move || service.keys(&of)).await?;
    let key = keys.iter().find(|row| row.key.fingerprint().to_string() == fingerprint);
    let key = key.ok_or(Refusal::of(Reason::NotFound))?;
    if key.revoked_at.is_some() {
        return Ok(done(l, &id, "not-in-force"));
    }
    let others = keys.iter().filter(|row| row.revoked_at.is_none()).count() > 1;
    let name = words::partner(web.service.programme(), &id);
    let page = ConfirmPage {
        frame: Frame::of(&visitor.visit, l.choose("Spær en underskriftsnøgle", "Revoke a signing key")),
        facts: vec![
            (l.choose("Partner", "Partner"), name),
            (l.choose("Fingeraftryk", "Fingerprint"), fingerprint.clone()),
            (l.choose("I ord", "In words"), key.key.fingerprint().words()),
            (l.choose("Registreret", "Enrolled"), words::moment(key.enrolled_at)),
        ],
        warning: (!others).then_some(l.choose(
            "Det er partnerens eneste nøgle: de kan intet sende, før en ny er registreret.",
            "It is the partner's only key: they can send nothing until a new one is enrolled.",
        )),
        follows: vec![
            l.choose(
                "Intet, som nøglen underskriver fra nu af, tages imod.",
                "Nothing that the key signs from now on is taken in.",
            ),
            l.choose("Det, den har underskrevet før, bliver.", "What it signed before stays."),
            l.choose("Nøglen kommer aldrig igen.", "The key never comes back."),
        ],
        action: format!("/{}/partners/{id}/keys/{fingerprint}", l.tag()),
        hidden: Vec::new(),
        tick: None,
        buttons: vec![Button {
            verdict: "revoke",
            text: l.choose("Spær nøglen", "Revoke the key"),
            main: true,
        }],
        back: format!("/{}/partners/{id}", l.tag()),
    };
    Ok(page::show(&page))
}

pub(super) async fn revoke(
    State(web): State<Arc<Web>>,
    Path((id, fingerprint)): Path<(String, String)>,
    form: Filled,
) -> Result<Response, Refusal> {
    let id = partner(&id)?;
    let l = form.visitor.visit.language;
    let (service, actor, of) = (Arc::clone(&web.service), form.visitor.principal.actor(), id.clone());
    let revoke = move || match service.revoke_key(&actor, &of, &fingerprint) {
        Err(ServiceError::Store(StoreError::NoSuch(_))) => Ok("not-in-force"),
        other => other.map(|()| "revoked"),
    };
    Ok(done(l, &id, blocking(revoke).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attack, by mistake: a secret key is pasted where the public one belongs.
    #[test]
    fn what_may_be_a_secret_is_not_shown_again() {
        for text in ["kobling-signing-key-1.AAAA", "AGE-SECRET-KEY-1QQ", "-----BEGIN PRIVATE KEY-----"] {
            assert_eq!(wrong_key(text, Language::Da).0, "", "{text}");
        }
        assert_eq!(wrong_key("age1qqq", Language::En).0, "age1qqq");
        let fingerprint = wrong_key("3297-c613-b48f-b45f-dc21", Language::En);
        assert!(fingerprint.1.contains("fingerprint"));
    }
}
