//! Every page against every role: who has no right to it finds nothing there.

use kobling::auth::{Action, Role, authorise};
use kobling::web::{PAGES, Right};

use crate::steward_world::World;

const ROLES: [(Role, &str); 6] = [
    (Role::Partner, "lokk"),
    (Role::Evaluator, "vive"),
    (Role::Payer, "fond"),
    (Role::Steward, "styregruppe"),
    (Role::Auditor, "rigsrevisionen"),
    (Role::Operator, "driftsenhed"),
];

/// The matrix as it is reviewed: the line of an action, and whether a role's column grants it.
fn granted(action: Action, role: usize) -> bool {
    let text = include_str!("../../src/auth/matrix.txt");
    let name = action.to_string();
    let line = text.lines().find(|line| line.split_whitespace().next() == Some(&name));
    line.expect("every action has a line").split_whitespace().nth(role + 1) == Some("x")
}

#[test]
fn a_page_is_there_for_the_roles_of_the_matrix_and_for_no_other() {
    let evaluators = "evaluators = [{ id = \"vive\", name = \"VIVE\" }]\n";
    let payers = format!("{evaluators}payers = [{{ id = \"fond\", name = \"Fonden\" }}]\n");
    let world = World::of(&crate::kit::PROGRAMME.replace(evaluators, &payers));
    for (at, (role, organisation)) in ROLES.into_iter().enumerate() {
        let (_, bearer) = world.principal(&format!("of-{role:?}").to_lowercase(), role, organisation);
        let (cookie, csrf) = world.session(&bearer);
        for page in PAGES.iter().copied().flatten() {
            let Right::Needs(action) = page.right else { continue };
            assert_eq!(authorise(role, action), granted(action, at), "{role:?} {action}");
            let path: String = page
                .path
                .split('/')
                .map(|part| if part.starts_with('{') { "nobody" } else { part })
                .collect::<Vec<_>>()
                .join("/");
            for language in ["da", "en"] {
                let body = if page.method == "GET" { String::new() } else { format!("csrf={csrf}") };
                let (status, text) =
                    world.by_hand(page.method, &format!("/{language}{path}"), &cookie, &body);
                let what = format!("{role:?}: {} /{language}{path}: {status}", page.method);
                if granted(action, at) {
                    assert!(status != 401 && status != 403 && status < 500, "{what}\n{text}");
                } else {
                    assert_eq!(status, 404, "{what}\n{text}");
                    // The same as where there is nothing at all.
                    let (_, nothing) =
                        world.by_hand(page.method, &format!("/{language}/nothing"), &cookie, &body);
                    let code = |text: &str| {
                        text.split("<code>").nth(1).and_then(|c| c.split('<').next()).map(str::to_owned)
                    };
                    assert_eq!(code(&text), code(&nothing), "{what}");
                }
            }
        }
    }
}

#[test]
fn nobody_who_is_not_signed_in_sees_or_changes_anything() {
    let world = World::new();
    for page in PAGES.iter().copied().flatten().filter(|page| page.right != Right::Anyone) {
        let (status, text) = world.by_hand(page.method, &format!("/da{}", page.path), "", "csrf=x");
        match page.method {
            "GET" => assert!(
                status == 303 && text.contains("location: /da/sign-in?next="),
                "{}: {text}",
                page.path
            ),
            _ => assert!(status == 401, "{}: {status}", page.path),
        }
    }
}

/// Every place of a role's menu is there for it.
#[test]
fn every_line_of_a_menu_leads_somewhere() {
    let world = World::new();
    let steward = world.steward("steward");
    let (cookie, _) = world.session(&steward);
    let (_, page) = world.by_hand("GET", "/da/", &cookie, "");
    let menu = page.split("kb-menu").nth(1).expect("a menu").split("</nav>").next().expect("a menu");
    let places: Vec<&str> = menu.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(places.contains(&"/da/staged") && places.contains(&"/da/approvals"), "{places:?}");
    for place in places {
        assert_eq!(world.by_hand("GET", place, &cookie, "").0, 200, "{place}");
    }
}
