//! Our account at the CA: made once, kept in the state folder for the owner alone.

use super::caller::Caller;
use crate::files;
use instant_acme::{Account, AccountCredentials, Error, NewAccount};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The file below the state folder.
const FILE: &str = "account.json";
/// Octets of it.
const LARGEST: u64 = 64 << 10;

#[derive(Serialize, Deserialize)]
struct Kept {
    /// The directory that the account is of.
    directory: String,
    credentials: AccountCredentials,
}

/// The account that is kept, or a new one; true when it was made now. `caller` makes the connections.
pub(super) async fn account(
    state: &Path,
    directory: &str,
    caller: impl Fn() -> Caller,
) -> Result<(Account, bool), Error> {
    let file = state.join(FILE);
    let other = |why: String| Error::Other(why.into());
    let kept = match files::read(&file, LARGEST) {
        Ok(octets) => serde_json::from_slice::<Kept>(&octets).ok(),
        Err(error) if error.is_missing() => None,
        Err(error) => return Err(other(error.to_string())),
    };
    if let Some(kept) = kept.filter(|kept| kept.directory == directory) {
        let account = Account::builder_with_http(Box::new(caller())).from_credentials(kept.credentials).await?;
        return Ok((account, false));
    }
    let new = NewAccount { contact: &[], terms_of_service_agreed: true, only_return_existing: false };
    let builder = Account::builder_with_http(Box::new(caller()));
    let (account, credentials) = builder.create(&new, directory.to_owned(), None).await?;
    let octets = serde_json::to_vec(&Kept { directory: directory.to_owned(), credentials })?;
    files::create_private_folder(state)
        .and_then(|()| files::replace_private(&file, &octets))
        .map_err(|error| other(format!("the account cannot be kept: {error}")))?;
    Ok((account, true))
}

/// Forgets the account: the CA does not know it any more, as after it was set up anew.
pub(super) fn forget(state: &Path) {
    if let Err(error) = files::remove(state.join(FILE)) {
        tracing::warn!("the account of orders cannot be removed: {error}");
    }
}
