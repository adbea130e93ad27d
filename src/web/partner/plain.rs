//! Sending a package without a script: one form with three files, streamed to the same operations.
//!
//! What came whole before the line was cut stays; the same form sent again goes on behind it.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::multipart::{Field, Multipart, MultipartRejection};
use axum::response::{IntoResponse as _, Redirect, Response};

use crate::auth::Principal;
use crate::http::{blocking, uploading};
use crate::limits;
use crate::service::{Reason, Service, UploadRequest};
use crate::web::Web;
use crate::web::guard::Visit;
use crate::web::page::Refusal;

/// Longest field that is no manifest, in bytes.
const SHORT: usize = 1 << 10;

/// What is said where files are missing.
const MISSING: Refusal = Refusal::Told(
    "Vælg alle tre filer i pakkens mappe: datapackage.json, datapackage.json.sig og data.csv.",
    "Choose all three files of the package's folder: datapackage.json, datapackage.json.sig and data.csv.",
);

/// The next field, which has to have a name.
async fn next<'a>(form: &'a mut Multipart, name: &str) -> Result<Field<'a>, Refusal> {
    let field = form.next_field().await.map_err(|_| Refusal::of(Reason::Body))?;
    field.filter(|field| field.name() == Some(name)).ok_or(MISSING)
}

/// A field as text of at most so many bytes.
async fn text(mut field: Field<'_>, limit: usize) -> Result<String, Refusal> {
    let mut bytes = Vec::new();
    while let Some(more) = field.chunk().await.map_err(|_| Refusal::of(Reason::Body))? {
        if bytes.len() + more.len() > limit {
            return Err(Refusal::of(Reason::TooLarge));
        }
        bytes.extend_from_slice(&more);
    }
    String::from_utf8(bytes).map_err(|_| Refusal::of(Reason::Body))
}

/// Takes the form: first what every form of the session says, then manifest, signature and rows.
pub(super) async fn send(
    State(web): State<Arc<Web>>,
    visit: Visit,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Refusal> {
    let visitor = visit.visitor().ok_or(Refusal::of(Reason::Unauthenticated))?;
    let mut form = form.map_err(|_| Refusal::of(Reason::Body))?;
    let said = next(&mut form, "csrf").await.map_err(|_| Refusal::Form)?;
    if !visitor.session.is_csrf(text(said, SHORT).await?.trim()) {
        return Err(Refusal::Form);
    }
    let manifest = text(next(&mut form, "manifest").await?, limits::MAX_MANIFEST_BYTES).await?;
    let signature = text(next(&mut form, "signature").await?, SHORT).await?;
    if manifest.is_empty() || signature.trim().is_empty() {
        return Err(MISSING);
    }
    let service = Arc::clone(&web.service);
    let id =
        receive(service, visitor.principal, (manifest, signature), next(&mut form, "data").await?).await?;
    Ok(Redirect::to(&format!("/{}/packages/{id}", visit.language.tag())).into_response())
}

/// Opens the upload, or finds it, and appends what of the rows is not there yet. Returns its id once it is complete.
async fn receive(
    service: Arc<Service>,
    caller: Principal,
    (manifest, signature): (String, String),
    mut rows: Field<'_>,
) -> Result<String, Refusal> {
    let (opening, who) = (Arc::clone(&service), caller.clone());
    let opened = blocking(move || {
        let request = UploadRequest { manifest: &manifest, signature: signature.trim() };
        opening.open_upload(&who, request)
    })
    .await?;
    if opened.offset == opened.length {
        // It is here already: the rows are read on, so that the browser gets to see it.
        let mut read = 0;
        while let Ok(Some(more)) = rows.chunk().await {
            read += more.len() as u64;
            if read > opened.length {
                break;
            }
        }
        return Ok(opened.id);
    }
    let standing = uploading::take(service, caller, opened.id.clone(), opened.offset, &mut rows).await?;
    if !standing.complete {
        return Err(Refusal::Told(
            "Ikke alle rækker kom frem: forbindelsen blev afbrudt, eller data.csv er ikke den, manifestet handler om. Det, der kom, er gemt. Send de samme tre filer igen, så fortsætter det.",
            "Not all rows arrived: the connection was cut, or data.csv is not the one that the manifest is about. What came is kept. Send the same three files again, and it goes on.",
        ));
    }
    Ok(opened.id)
}
