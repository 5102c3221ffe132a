//! What is around this process: kernel, policies, containers, modules, limits.

use super::Check;
use super::facts::Facts;
use super::modules::Rule;
use super::probe::Probe;
use crate::error::Errno;
use crate::kernel::errno;

const OLDEST: (u32, u32) = (6, 1);

/// The kernel's version.
pub(super) fn kernel(facts: &Facts) -> Check {
    const NAME: &str = "kernel";
    let Some(release) = &facts.release else {
        return Check::unknown(NAME, "/proc/sys/kernel/osrelease cannot be read")
            .advise("mount /proc: most of this report comes from there");
    };
    let found = format!("Linux {release}");
    match facts.version() {
        Some(version) if version < OLDEST => Check::warning(NAME, found)
            .advise("use Linux 6.1 or newer: this package is not tested with older ones"),
        _ => Check::ok(NAME, found),
    }
}

/// FIPS mode.
pub(super) fn fips(facts: &Facts) -> Check {
    const NAME: &str = "fips";
    if !facts.told() {
        return Check::unknown(NAME, "/proc/sys/crypto/fips_enabled cannot be read");
    }
    if !facts.fips {
        return Check::ok(NAME, "FIPS mode is off");
    }
    Check::warning(NAME, "FIPS mode is on: what is not approved is refused as if it were not there")
        .advise("AES in the common modes is approved; for the rest boot without fips=1")
}

/// A filter of system calls.
pub(super) fn seccomp(socket: Result<(), Errno>, facts: &Facts) -> Check {
    const NAME: &str = "seccomp";
    let refused =
        matches!(socket, Err(errno::EPERM | errno::EACCES | errno::ENOSYS | errno::EAFNOSUPPORT));
    match facts.seccomp {
        None => Check::unknown(NAME, "/proc/self/status does not say whether there is a filter"),
        Some(0) => Check::ok(NAME, "no filter is in force"),
        Some(_) if refused => Check::warning(NAME, "a filter is in force and may be what refuses")
            .advise("see af-alg"),
        Some(_) => Check::ok(NAME, "a filter is in force; it is not what stands in the way"),
    }
}

/// SELinux, AppArmor and their like.
pub(super) fn security_module(socket: Result<(), Errno>, facts: &Facts) -> Check {
    const NAME: &str = "security-module";
    match &facts.label {
        None if !facts.told() => Check::unknown(NAME, "/proc/self/attr/current cannot be read"),
        None => Check::ok(NAME, "no label: neither SELinux nor AppArmor confines this process"),
        Some(label) if facts.confined() && socket == Err(errno::EACCES) => {
            Check::warning(NAME, format!("this process is {label}, which may be what refuses"))
                .advise("see af-alg")
        }
        Some(label) => Check::ok(NAME, format!("this process is {label}")),
    }
}

/// Where modules, sysctls and filters are not this system's own.
pub(super) fn container(facts: &Facts) -> Check {
    const NAME: &str = "container";
    match &facts.container {
        None => Check::ok(NAME, "no sign of one"),
        Some(container) => {
            Check::ok(NAME, format!("{}, says {}", container.engine, container.sign))
        }
    }
}

/// What keeps the modules of AF_ALG from loading by themselves.
pub(super) fn modules(facts: &Facts) -> Check {
    const NAME: &str = "modules";
    let modules = &facts.modules;
    let rules: Vec<_> = modules.rules_of_af_alg().map(Rule::quote).collect();
    if !rules.is_empty() {
        let whose =
            if facts.container.is_some() { "; in a container the host's count" } else { "" };
        let found = format!("something keeps modules from loading: {}{whose}", rules.join(", "));
        return Check::warning(NAME, found).advise("take out what keeps one that is wanted");
    }
    if modules.none {
        return Check::ok(NAME, "this kernel loads none: what it has is built in");
    }
    if modules.disabled {
        return Check::warning(NAME, "kernel.modules_disabled is 1: none can be loaded any more")
            .advise("name those that are wanted in /etc/modules-load.d and boot again");
    }
    if !facts.told() {
        return Check::unknown(NAME, "/proc/sys/kernel/modules_disabled cannot be read");
    }
    Check::ok(NAME, "nothing keeps those of AF_ALG from loading")
}

/// With less the kernel answers ENOMEM to every request (seen on 6.1 and 7.2).
const LEAST_OPTMEM: u64 = 5120;

/// How large a request may be.
pub(super) fn buffers(probe: &dyn Probe) -> Check {
    const NAME: &str = "buffers";
    let settings = ["wmem_max", "rmem_max", "optmem_max"].map(|name| {
        let value = probe.number(&format!("/proc/sys/net/core/{name}"));
        format!("{name} {}", value.map_or_else(|| "unreadable".to_owned(), |v| v.to_string()))
    });
    let settings = settings.join(", ");
    if probe.number("/proc/sys/net/core/optmem_max").is_some_and(|most| most < LEAST_OPTMEM) {
        let found = format!("no request fits; net.core: {settings}");
        return Check::fault(NAME, found).advise("as root: sysctl net.core.optmem_max=131072");
    }
    match probe.largest_request() {
        None => Check::unknown(NAME, format!("no socket to ask; net.core: {settings}")),
        Some(bytes) => {
            let found = format!("one request carries {bytes} bytes; net.core: {settings}");
            Check::ok(NAME, found)
        }
    }
}

/// Whether there is a ring to be had. This version uses none, so that nothing here is in the way.
pub(super) fn io_uring(probe: &dyn Probe) -> Check {
    const NAME: &str = "io-uring";
    const UNUSED: &str = "; this version does without";
    let found = match probe.number("/proc/sys/kernel/io_uring_disabled") {
        None => "kernel.io_uring_disabled is not there: not switched off".to_owned(),
        Some(0) => "kernel.io_uring_disabled is 0: open to everyone".to_owned(),
        Some(1) => format!(
            "kernel.io_uring_disabled is 1: for CAP_SYS_ADMIN and kernel.io_uring_group \
             alone{UNUSED}"
        ),
        Some(level) => format!("kernel.io_uring_disabled is {level}: off for everyone{UNUSED}"),
    };
    Check::ok(NAME, found)
}

/// Whether drivers and sizes can be read.
pub(super) fn proc_crypto(facts: &Facts) -> Check {
    const NAME: &str = "proc-crypto";
    match facts.entries.len() {
        0 => Check::warning(
            NAME,
            "/proc/crypto is hidden: drivers are unknown, sizes come from a built-in table, and \
             what is not in that cannot be used",
        )
        .advise("mount /proc whole, or take away what covers /proc/crypto"),
        count => Check::ok(NAME, format!("/proc/crypto can be read; it lists {count} drivers")),
    }
}
