//! The way to chromedriver: W3C WebDriver (Recommendation of 5 June 2018) is JSON over HTTP.
//!
//! Spoken with the client that `kobling` has anyway. Crates for it switch on features of `serde_json` for every test of the
//! project, so that tests would try another program than the one that is built.

use std::time::Duration;

use serde_json::{Value, json};

/// What an element is called in answers (section 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A session with a driver.
pub struct Driver {
    agent: ureq::Agent,
    /// Address of the session, without a slash at the end.
    session: String,
}

/// An error of the driver: its code, and what it says.
#[derive(Debug)]
pub struct DriverError {
    pub code: String,
    pub message: String,
}

impl Driver {
    /// Begins a session.
    pub fn begin(port: u16, capabilities: &Value) -> Result<Driver, DriverError> {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(330)))
            .proxy(None);
        let session = format!("http://127.0.0.1:{port}/session");
        let mut driver = Driver { agent: config.build().into(), session };
        let begun = driver.post("", json!({ "capabilities": { "alwaysMatch": capabilities } }))?;
        driver.session = format!("{}/{}", driver.session, begun["sessionId"].as_str().unwrap_or_default());
        Ok(driver)
    }

    /// Sends a command.
    pub fn post(&self, command: &str, parameters: Value) -> Result<Value, DriverError> {
        read(self.agent.post(format!("{}{command}", self.session)).send_json(parameters))
    }

    /// Asks for something.
    pub fn get(&self, command: &str) -> Result<Value, DriverError> {
        read(self.agent.get(format!("{}{command}", self.session)).call())
    }

    /// The ids of the elements of a CSS selector.
    pub fn elements(&self, css: &str) -> Result<Vec<String>, DriverError> {
        let found = self.post("/elements", json!({ "using": "css selector", "value": css }))?;
        let ids = found.as_array().into_iter().flatten().filter_map(|element| element[ELEMENT].as_str());
        Ok(ids.map(str::to_owned).collect())
    }

    /// The id of the element that has the focus.
    pub fn active(&self) -> Result<String, DriverError> {
        Ok(self.get("/element/active")?[ELEMENT].as_str().unwrap_or_default().to_owned())
    }

    /// Ends the session, and the browser with it.
    pub fn end(&self) {
        self.agent.delete(&self.session).call().ok();
    }
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value, DriverError> {
    let broken =
        |error: ureq::Error| DriverError { code: "connection".to_owned(), message: error.to_string() };
    let mut answer = answer.map_err(broken)?;
    // Pictures are larger than what is read by itself.
    let text = answer.body_mut().with_config().limit(256 << 20).read_to_string().map_err(broken)?;
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    let value = value["value"].clone();
    if answer.status().is_success() {
        return Ok(value);
    }
    let said = |field: &str| value[field].as_str().unwrap_or_default().to_owned();
    Err(DriverError { code: said("error"), message: said("message") })
}
