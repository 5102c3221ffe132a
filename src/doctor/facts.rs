//! What several checks reason from, read once.

use super::modules::Modules;
use super::probe::Probe;
use crate::kernel::{Entry, ONLY_SYNC_SINCE, parse_proc_crypto, parse_version};

/// What is known of this process and its surroundings; `None` where it cannot be read.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) release: Option<String>,
    /// `crypto.af_alg_restrict`; there once af_alg is loaded, on Linux 7.3 and newer.
    pub(super) restriction: Option<u64>,
    pub(super) privileges: Option<Privileges>,
    pub(super) fips: bool,
    /// The mode of seccomp: 2 is a filter.
    pub(super) seccomp: Option<u64>,
    /// What a security module calls this process: a SELinux context, an AppArmor profile.
    pub(super) label: Option<String>,
    pub(super) container: Option<Container>,
    pub(super) modules: Modules,
    /// What /proc/crypto lists; empty where it is hidden.
    pub(super) entries: Vec<Entry>,
}

/// What `crypto.af_alg_restrict` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Privileges {
    pub(super) net_admin: bool,
    pub(super) sys_admin: bool,
    /// Capabilities count in the initial user namespace alone.
    pub(super) initial_namespace: bool,
}

/// A container, and what gives it away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) engine: &'static str,
    pub(super) sign: String,
}

const CAP_NET_ADMIN: u32 = 12;
const CAP_SYS_ADMIN: u32 = 21;

impl Facts {
    /// Reads them. After the socket was tried: it loads what the restriction comes with.
    pub(super) fn gather(probe: &dyn Probe) -> Self {
        let release = probe.line("/proc/sys/kernel/osrelease");
        let status = probe.read("/proc/self/status").unwrap_or_default();
        Self {
            restriction: probe.number("/proc/sys/crypto/af_alg_restrict"),
            privileges: Privileges::read(probe, &status),
            fips: probe.number("/proc/sys/crypto/fips_enabled") == Some(1),
            seccomp: field(&status, "Seccomp").and_then(|mode| mode.parse().ok()),
            label: probe.line("/proc/self/attr/current"),
            container: Container::find(probe),
            modules: Modules::read(probe, release.as_deref().unwrap_or_default()),
            entries: parse_proc_crypto(&probe.read("/proc/crypto").unwrap_or_default()),
            release,
        }
    }

    /// Whether /proc tells anything: where it does not, what is not there may be all the same.
    pub(super) const fn told(&self) -> bool {
        self.release.is_some()
    }

    /// The kernel's major and minor version.
    pub(super) fn version(&self) -> Option<(u32, u32)> {
        parse_version(self.release.as_deref()?)
    }

    /// Whether AF_ALG has the synchronous drivers alone.
    pub(super) fn only_sync(&self) -> bool {
        self.version().is_some_and(|version| version >= ONLY_SYNC_SINCE)
    }

    /// Whether a security module holds this process to a policy of its own.
    pub(super) fn confined(&self) -> bool {
        // What SELinux calls everybody before it has a policy, and AppArmor whom it leaves alone.
        self.label.as_deref().is_some_and(|label| !["kernel", "unconfined"].contains(&label))
    }

    /// Where a module has to be loaded or let through.
    pub(super) fn place(&self) -> &'static str {
        if self.container.is_some() { " on the host" } else { "" }
    }
}

impl Privileges {
    fn read(probe: &dyn Probe, status: &str) -> Option<Self> {
        let effective = u64::from_str_radix(field(status, "CapEff")?, 16).ok()?;
        let has = |capability: u32| effective >> capability & 1 == 1;
        let map = probe.read("/proc/self/uid_map")?;
        Some(Self {
            net_admin: has(CAP_NET_ADMIN),
            sys_admin: has(CAP_SYS_ADMIN),
            initial_namespace: map.split_whitespace().eq(["0", "0", "4294967295"]),
        })
    }

    /// Whether the kernel counts this process as privileged.
    pub(super) const fn count(self) -> bool {
        (self.net_admin || self.sys_admin) && self.initial_namespace
    }
}

impl Container {
    fn find(probe: &dyn Probe) -> Option<Self> {
        const KUBERNETES: &str = "/var/run/secrets/kubernetes.io";
        for (engine, path) in [
            ("kubernetes", KUBERNETES),
            ("podman", "/run/.containerenv"),
            ("docker", "/.dockerenv"),
            ("lxc", "/dev/.lxc"),
        ] {
            if probe.exists(path) {
                return Some(Self { engine, sign: path.to_owned() });
            }
        }
        // systemd writes down what it was told; else the first process was told, or its group.
        ["/run/systemd/container", "/proc/1/environ", "/proc/1/cgroup", "/proc/self/cgroup"]
            .into_iter()
            .find_map(|path| Self::named_in(&probe.read(path)?, path))
    }

    fn named_in(text: &str, path: &str) -> Option<Self> {
        let told = match path {
            "/proc/1/environ" => text.split('\0').find_map(|one| one.strip_prefix("container="))?,
            _ => text,
        };
        let engines = [
            ("kubepods", "kubernetes"),
            ("libpod", "podman"),
            ("podman", "podman"),
            ("docker", "docker"),
            ("lxc", "lxc"),
            ("systemd-nspawn", "systemd-nspawn"),
        ];
        let (_, engine) = engines.into_iter().find(|(word, _)| told.contains(word))?;
        Some(Self { engine, sign: path.to_owned() })
    }
}

/// A value of /proc/self/status.
fn field<'t>(status: &'t str, key: &str) -> Option<&'t str> {
    status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map(str::trim)
}
