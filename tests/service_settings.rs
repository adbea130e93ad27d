//! `koblingd.toml`: the service as its settings say, and as the command line overrules them.
#![cfg(feature = "service")]

#[expect(dead_code, reason = "this binary uses a part of the kit")]
mod kit;
#[path = "kit/machine.rs"]
#[expect(dead_code, reason = "this binary uses a part of it")]
mod machine;

use std::process::{Command, Output};

use machine::Machine;

fn koblingd(arguments: &[&str], variables: &[(&str, &std::path::Path)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_koblingd"));
    command.env_remove("KOBLINGD_CONFIG").env_remove("CREDENTIALS_DIRECTORY");
    command.args(arguments).envs(variables.iter().copied()).output().expect("run")
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_command_finds_folder_and_key_by_the_settings() {
    let machine = Machine::new();
    let file = machine.path("koblingd.toml");
    std::fs::write(&file, "[service]\ndata = \"data\"\nservice_key = \"service.key\"\n").expect("written");
    let config = file.to_str().expect("UTF-8");
    assert!(koblingd(&["doctor", "--config", config], &[]).status.success(), "by the option");
    assert!(koblingd(&["doctor"], &[("KOBLINGD_CONFIG", &file)]).status.success(), "by the variable");
    let elsewhere = machine.path("elsewhere");
    let overruled =
        koblingd(&["doctor", "--config", config, "--data", elsewhere.to_str().expect("UTF-8")], &[]);
    assert_eq!(overruled.status.code(), Some(3), "the command line wins: {}", complaint(&overruled));
}

#[test]
fn the_key_can_be_a_credential_of_the_unit() {
    let machine = Machine::new();
    let data = machine.path("data");
    let arguments = ["doctor", "--data", data.to_str().expect("UTF-8")];
    let without = koblingd(&arguments, &[]);
    assert_eq!(without.status.code(), Some(2));
    assert!(complaint(&without).contains("--service-key"), "{}", complaint(&without));
    let with = koblingd(&arguments, &[("CREDENTIALS_DIRECTORY", machine.dir.path())]);
    assert!(with.status.success(), "{}", complaint(&with));
}

#[test]
fn settings_that_cannot_be_meant_are_refused_before_anything_is_served() {
    let machine = Machine::new();
    let file = machine.path("koblingd.toml");
    let head = "[service]\ndata = \"data\"\nservice_key = \"service.key\"\n";
    for (more, named) in [
        ("listen = \"0.0.0.0:0\"\n", "--tls-cert"),
        ("tls_cert = \"chain.pem\"\n", "tls_key"),
        ("tls_cert = \"c\"\ntls_key = \"k\"\nbehind_proxy_that_ends_tls = true\n", "one of them"),
        ("[metricks]\n", "line 4"),
    ] {
        std::fs::write(&file, format!("{head}{more}")).expect("written");
        let output = koblingd(&["serve", "--config", file.to_str().expect("UTF-8")], &[]);
        assert_eq!(output.status.code(), Some(2), "{more}");
        assert!(complaint(&output).contains(named), "{more}: {}", complaint(&output));
    }
}
