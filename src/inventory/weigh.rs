//! All sources, routes and precedence together: the inventory becomes claims.

use super::claims::Claims;
use super::model::Inventory;
use super::{address_check, ca_check, certificate, collect, resolve, roles};
use crate::config::Settings;
use crate::finding::{Finding, Place, Severity};

/// Brings the inventory and the settings together.
///
/// Claims come from `authoritative_zones`, `dns_records`, `portainer_agent_hostname`, `traefik_service`, Host rules of stacks
/// and guests' names; the kinds go before each other in the order of [`super::ClaimKind`]. `[routes]` decides each name's address
/// per horizon; a horizon without an entry there has [`crate::config::KindRoutes::default_for`], or claims nothing of its
/// own when it inherits ([`crate::config::Routes::inheriting`]).
///
/// `[routes.name]` decides like this: an exact name rules every claim of it, also an explicit one (`direct` means the
/// written address there); a wildcard rules all but explicit claims. Of a CONFLICT, `traefik`, `gateway` and `none` leave
/// nothing to choose; `direct` takes the guest that runs the CA when the name is the CA's, else the guest whose own name is
/// the first label, and leaves the conflict open when there is no such guest.
pub fn claims(inventory: &Inventory, settings: &Settings) -> Claims {
    let roles = roles::find_roles(inventory, settings);
    let mut claims = Claims { zones: collect::zones(inventory), ..Claims::default() };
    let wishes = collect::wishes(inventory, &mut claims);
    claims.findings.extend(unused_routes(&wishes, settings));
    resolve::resolve(&wishes, inventory, settings, &roles, &mut claims);
    address_check::check(inventory, &mut claims.findings);
    ca_check::check(inventory, settings, &roles, &mut claims);
    let seat = ca_check::seat(settings, claims.ca.as_ref());
    certificate::check(inventory, settings, seat, &mut claims);
    claims
}

/// ROUTE_UNUSED: a route for a name that nothing claims; most likely it is misspelt.
fn unused_routes(wishes: &[collect::Wish], settings: &Settings) -> Vec<Finding> {
    let names = settings.routes.names.keys().filter(|name| name.first().as_slice() != b"*");
    let unused = names.filter(|name| !wishes.iter().any(|wish| wish.name == **name));
    let told = unused.map(|name| {
        let what = "no source of the inventory claims this name: its route decides nothing";
        let remedy = format!("correct or remove [routes.name.\"{name}\"]");
        Finding::new("ROUTE_UNUSED", Severity::Info, name.to_string(), what, remedy)
            .seen_at(Place::file(&settings.file))
    });
    told.collect()
}
