//! A private root and its intermediate, and certificates below it, good and bad.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use ring::digest;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of a root, an intermediate and the intermediate's key, as step-ca wants them.
pub(crate) struct Authority {
    pub(crate) root: PathBuf,
    pub(crate) intermediate: PathBuf,
    pub(crate) intermediate_key: PathBuf,
    /// SHA-256 of the root in hexadecimal digits.
    pub(crate) fingerprint: String,
    issuer: Issuer<'static, KeyPair>,
    intermediate_pem: String,
}

impl Authority {
    pub(crate) fn new(folder: &Path) -> Authority {
        let (root, root_issuer) = certificate_authority("Lab Root CA", None);
        let (intermediate, issuer) = certificate_authority("Lab Intermediate CA", Some(&root_issuer));
        let fingerprint = digest::digest(&digest::SHA256, root.der());
        let fingerprint = fingerprint.as_ref().iter().map(|octet| format!("{octet:02x}")).collect();
        let file = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).unwrap();
            path
        };
        Authority {
            root: file("root.crt", &root.pem()),
            intermediate: file("intermediate.crt", &intermediate.pem()),
            intermediate_key: file("intermediate.key", &issuer.key().serialize_pem()),
            fingerprint,
            intermediate_pem: intermediate.pem(),
            issuer,
        }
    }

    /// Writes `NAME.crt` (with the intermediate) and `NAME.key` for these DNS names, valid in these years.
    pub(crate) fn leaf(&self, folder: &Path, names: &[&str], years: [i32; 2]) -> (PathBuf, PathBuf) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let stem = names[0].clone();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, stem.as_str());
        params.use_authority_key_identifier_extension = true;
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        params.not_before = date_time_ymd(years[0], 1, 1);
        params.not_after = date_time_ymd(years[1], 1, 1);
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        let files = (folder.join(format!("{stem}.crt")), folder.join(format!("{stem}.key")));
        fs::write(&files.0, format!("{}{}", leaf.pem(), self.intermediate_pem)).unwrap();
        fs::write(&files.1, key.serialize_pem()).unwrap();
        files
    }
}

fn certificate_authority(
    name: &str,
    above: Option<&Issuer<'static, KeyPair>>,
) -> (Certificate, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(above.map_or(BasicConstraints::Unconstrained, |_| BasicConstraints::Constrained(0)));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = above.is_some();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2049, 1, 1);
    let key = KeyPair::generate().unwrap();
    let made = match above {
        Some(issuer) => params.signed_by(&key, issuer),
        None => params.self_signed(&key),
    };
    (made.unwrap(), Issuer::new(params, key))
}
