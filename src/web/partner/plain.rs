//! Sending a package without a script: one form with three files, streamed to the same operations.
//!
//! What came whole before the line was cut stays; the same form sent again goes on behind it.

use std::sync::Arc;

use axum::extract::multipart::{Field, Multipart};
use axum::extract::{FromRequest as _, Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};

use crate::auth::Principal;
use crate::http::{Meter, blocking, uploading};
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
async fn next<'a>(form: &'a mut Multipart, meter: &Meter, name: &str) -> Result<Field<'a>, Refusal> {
    let field = meter.next(form.next_field()).await?.map_err(|_| Refusal::of(Reason::Body))?;
    field.filter(|field| field.name() == Some(name)).ok_or(MISSING)
}

/// A field as text of at most so many bytes.
async fn text(mut field: Field<'_>, meter: &Meter, limit: usize) -> Result<String, Refusal> {
    let mut bytes = Vec::new();
    while let Some(more) = meter.next(field.chunk()).await?.map_err(|_| Refusal::of(Reason::Body))? {
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
    request: Request,
) -> Result<Response, Refusal> {
    let visitor = visit.visitor().ok_or(Refusal::of(Reason::Unauthenticated))?;
    let (request, meter) = Meter::over(request);
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| Refusal::of(Reason::Body))?;
    let meter = &*meter;
    let said = next(&mut form, meter, "csrf").await.map_err(|_| Refusal::Form)?;
    if !visitor.session.is_csrf(text(said, meter, SHORT).await?.trim()) {
        return Err(Refusal::Form);
    }
    let manifest = text(next(&mut form, meter, "manifest").await?, meter, limits::MAX_MANIFEST_BYTES).await?;
    let signature = text(next(&mut form, meter, "signature").await?, meter, SHORT).await?;
    if manifest.is_empty() || signature.trim().is_empty() {
        return Err(MISSING);
    }
    let service = Arc::clone(&web.service);
    let rows = next(&mut form, meter, "data").await?;
    let id = receive(service, visitor.principal, (manifest, signature), rows, meter).await?;
    Ok(Redirect::to(&format!("/{}/packages/{id}", visit.language.tag())).into_response())
}

/// Opens the upload, or finds it, and appends what of the rows is not there yet. Returns its id once it is complete.
async fn receive(
    service: Arc<Service>,
    caller: Principal,
    (manifest, signature): (String, String),
    mut rows: Field<'_>,
    meter: &Meter,
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
        while let Ok(Ok(Some(more))) = meter.next(rows.chunk()).await {
            read += more.len() as u64;
            if read > opened.length {
                break;
            }
        }
        return Ok(opened.id);
    }
    let standing = uploading::take(service, caller, &opened.id, opened.offset, (&mut rows, meter)).await?;
    if !standing.complete {
        return Err(Refusal::Told(
            "Ikke alle rækker kom frem: forbindelsen blev afbrudt, eller data.csv er ikke den, manifestet handler om. Det, der kom, er gemt. Send de samme tre filer igen, så fortsætter det.",
            "Not all rows arrived: the connection was cut, or data.csv is not the one that the manifest is about. What came is kept. Send the same three files again, and it goes on.",
        ));
    }
    Ok(opened.id)
}
