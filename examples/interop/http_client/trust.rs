//! Whose signature is believed.

use std::error::Error;
use std::path::{Path, PathBuf};

use futures_rustls::pki_types::CertificateDer;
use futures_rustls::pki_types::pem::PemObject;
use futures_rustls::rustls::RootCertStore;

/// Where systems have theirs: Debian and its kin, Fedora and its kin, the BSDs and macOS.
const OF_THE_SYSTEM: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The certificates in a file, or in the system's; none if that has no file.
pub(crate) async fn roots(file: Option<PathBuf>) -> Result<RootCertStore, Box<dyn Error>> {
    let of_the_system = || OF_THE_SYSTEM.iter().map(PathBuf::from).find(|path| path.exists());
    // Files block.
    let read = aside::spawn_blocking(move || match file {
        Some(file) => read(&file).map_err(|error| format!("{}: {error}", file.display())),
        None => Ok(of_the_system().and_then(|path| read(&path).ok()).unwrap_or_default()),
    });
    let mut roots = RootCertStore::empty();
    for certificate in read.await?? {
        // Some of the system's are too old for rustls.
        let _too_old = roots.add(certificate);
    }
    Ok(roots)
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, Box<dyn Error>> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)?.collect::<Result<_, _>>()?;
    if certificates.is_empty() { Err("no certificate in it".into()) } else { Ok(certificates) }
}
