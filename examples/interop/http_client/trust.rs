//! The trusted certificates.

use std::error::Error;
use std::path::{Path, PathBuf};

use futures_rustls::pki_types::CertificateDer;
use futures_rustls::pki_types::pem::PemObject;
use futures_rustls::rustls::RootCertStore;

/// The system's certificate files: of Debian-based systems, of Fedora-based systems, and of the
/// BSDs and macOS.
const OF_THE_SYSTEM: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Reads the certificates of a file, or of the system. Returns no certificates if the system has no
/// such file.
pub(crate) async fn roots(file: Option<PathBuf>) -> Result<RootCertStore, Box<dyn Error>> {
    let of_the_system = || OF_THE_SYSTEM.iter().map(PathBuf::from).find(|path| path.exists());
    // Reading files blocks.
    let read = aside::spawn_blocking(move || match file {
        Some(file) => read(&file).map_err(|error| format!("{}: {error}", file.display())),
        None => Ok(of_the_system().and_then(|path| read(&path).ok()).unwrap_or_default()),
    });
    let mut roots = RootCertStore::empty();
    for certificate in read.await?? {
        // rustls rejects some old certificates of the system.
        let _too_old = roots.add(certificate);
    }
    Ok(roots)
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, Box<dyn Error>> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)?.collect::<Result<_, _>>()?;
    if certificates.is_empty() {
        Err("the file contains no certificate".into())
    } else {
        Ok(certificates)
    }
}
