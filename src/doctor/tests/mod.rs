//! The doctor over machines that were written down: each cause, and what it has to say.

mod policies;

use std::collections::BTreeMap;

use super::*;
use crate::error::Errno;
use crate::kernel::{OpenTo, errno};

/// A machine that is what a test says it is.
struct Recorded {
    files: BTreeMap<String, String>,
    socket: Result<(), Errno>,
    bind: fn(AlgType, &str) -> Result<OpenTo, Errno>,
    keyrings: Result<(), Errno>,
    by_serial: bool,
}

impl Probe for Recorded {
    fn read(&self, path: &str) -> Option<String> {
        self.files.get(path).cloned()
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let inside = |path: &String| Some(path.strip_prefix(folder)?.strip_prefix('/')?.to_owned());
        self.files.keys().filter_map(inside).filter(|name| !name.contains('/')).collect()
    }

    fn exists(&self, path: &str) -> bool {
        self.files.keys().any(|known| known.starts_with(path))
    }

    fn socket(&self) -> Result<(), Errno> {
        self.socket
    }

    fn bind(&self, kind: AlgType, name: &str) -> Result<OpenTo, Errno> {
        self.socket.and_then(|()| (self.bind)(kind, name))
    }

    fn keyrings(&self) -> Result<(), Errno> {
        self.keyrings
    }

    fn takes_serials(&self) -> Option<bool> {
        self.socket.ok().map(|()| self.by_serial)
    }

    fn quota(&self) -> Option<String> {
        Some("8 of 200 keys and 120 of 20000 bytes".into())
    }

    fn largest_request(&self) -> Option<usize> {
        self.bind(AlgType::Skcipher, "xts(aes)").ok().map(|_| 208_896)
    }
}

const CRYPTO: &str = "name : cbc(aes)\ndriver : cbc-aes-aesni\npriority : 400\ntype : skcipher\n\n\
                      name : xts(aes)\ndriver : xts-aes-aesni\npriority : 401\ntype : skcipher\n";

/// An ordinary process on a machine where nothing is in the way.
fn healthy() -> Recorded {
    let files = [
        ("/proc/sys/kernel/osrelease", "6.12.94-amd64\n"),
        ("/proc/sys/kernel/modules_disabled", "0\n"),
        ("/proc/sys/kernel/io_uring_disabled", "0\n"),
        ("/proc/sys/net/core/wmem_max", "212992\n"),
        ("/proc/sys/net/core/rmem_max", "212992\n"),
        ("/proc/sys/net/core/optmem_max", "131072\n"),
        ("/proc/self/status", "Name:\tpython\nCapEff:\t0000000000000000\nSeccomp:\t0\n"),
        ("/proc/self/uid_map", "         0          0 4294967295\n"),
        ("/proc/self/attr/current", "unconfined\n"),
        ("/proc/crypto", CRYPTO),
    ];
    Recorded {
        files: files.map(|(path, text)| (path.to_owned(), text.to_owned())).into(),
        socket: Ok(()),
        bind: |_, _| Ok(OpenTo::Everyone),
        keyrings: Ok(()),
        by_serial: true,
    }
}

impl Recorded {
    fn with(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }

    fn without(mut self, path: &str) -> Self {
        self.files.retain(|known, _| !known.starts_with(path));
        self
    }

    fn no_socket(self, errno: Errno) -> Self {
        Self { socket: Err(errno), ..self }
    }

    fn binds(self, bind: fn(AlgType, &str) -> Result<OpenTo, Errno>) -> Self {
        Self { bind, ..self }
    }

    fn filtered(self) -> Self {
        self.with("/proc/self/status", "CapEff:\t0000000000000000\nSeccomp:\t2\n")
    }

    fn privileged(self) -> Self {
        self.with("/proc/self/status", "CapEff:\t0000000000001000\nSeccomp:\t0\n")
    }

    /// Holds that a check came out so, and that what it says has these parts.
    fn says(&self, name: &str, status: Status, parts: &[&str]) -> &Self {
        let checks = examine(self);
        let check = checks.iter().find(|check| check.name == name).unwrap();
        let said = format!("{} > {}", check.found, check.advice.as_deref().unwrap_or_default());
        assert_eq!(check.status, status, "{name}: {said}");
        for part in parts {
            assert!(said.contains(part), "{name}: no {part:?} in {said:?}");
        }
        self
    }

    fn faults(&self) -> Vec<&'static str> {
        let faults = examine(self).into_iter().filter(|check| check.status == Fault);
        faults.map(|check| check.name).collect()
    }
}

use Status::{Fault, Ok as Fine, Unknown, Warning};

#[test]
fn a_healthy_machine_has_nothing_to_advise() {
    let machine = healthy();
    let checks = examine(&machine);
    assert!(checks.iter().all(|check| check.status == Fine && check.advice.is_none()));
    machine
        .says("kernel", Fine, &["Linux 6.12.94-amd64"])
        .says("cbc(aes)", Fine, &["kernel, driver cbc-aes-aesni"])
        .says("ctr(aes)", Fine, &["kernel >"])
        .says("buffers", Fine, &["208896 bytes", "wmem_max 212992", "optmem_max 131072"]);
}

#[test]
fn an_old_kernel_is_named() {
    let machine = healthy().with("/proc/sys/kernel/osrelease", "5.15.0-91-generic\n");
    machine.says("kernel", Warning, &["5.15.0", "use Linux 6.1 or newer"]);
}

#[test]
fn no_af_alg_has_the_way_out_that_there_is() {
    let absent = || healthy().no_socket(errno::EAFNOSUPPORT);
    let config = "/boot/config-6.12.94-amd64";
    for (machine, way_out) in [
        (absent(), "load the module: modprobe af_alg"),
        (absent().with("/.dockerenv", ""), "load the module on the host: modprobe af_alg"),
        (absent().without("/proc/sys/kernel/modules_disabled"), "loads no modules"),
        (
            absent().with("/proc/sys/kernel/modules_disabled", "1"),
            "/etc/modules-load.d/af_alg.conf",
        ),
        (absent().with(config, "# CONFIG_CRYPTO_USER_API_SKCIPHER is not set\n"), "built without"),
        (absent().with(config, "CONFIG_CRYPTO_USER_API_SKCIPHER=m\n"), "modprobe af_alg"),
        (
            absent().with("/proc/sys/crypto/af_alg_restrict", "2\n"),
            "sysctl crypto.af_alg_restrict=1",
        ),
        (absent().filtered(), "RestrictAddressFamilies= answers the same"),
    ] {
        machine
            .says("af-alg", Fault, &["EAFNOSUPPORT", way_out])
            .says("skcipher", Unknown, &["not asked"])
            .says("buffers", Unknown, &["no socket to ask"])
            .says("cbc(aes)", Warning, &["userspace; not the kernel: there is no AF_ALG"]);
    }
}

#[test]
fn a_rule_of_modprobe_is_quoted() {
    let absent = || healthy().no_socket(errno::EAFNOSUPPORT);
    for (path, line) in [
        ("/etc/modprobe.d/no-alg.conf", "install af_alg /bin/false"),
        ("/usr/lib/modprobe.d/no-alg.conf", "blacklist af-alg"),
        ("/lib/modprobe.d/no-alg.conf", "alias net-pf-38 off"),
    ] {
        absent()
            .with(path, &format!("options x\n  {line}\n"))
            .says("af-alg", Fault, &[path, line, "modprobe --ignore-install af_alg"])
            .says("modules", Warning, &[path, line]);
    }
    absent().with("/.dockerenv", "").with("/etc/modprobe.d/a.conf", "blacklist af_alg").says(
        "modules",
        Warning,
        &["in a container the host's count"],
    );
    let booted = absent().with("/proc/cmdline", "root=/dev/sda module_blacklist=floppy,af_alg ro");
    booted.says("af-alg", Fault, &["boot without \"module_blacklist=floppy,af_alg\""]);
    let harmless = "install af_alg /sbin/modprobe -i af_alg\nblacklist algif_hash\nblacklist x\n";
    absent().with("/etc/modprobe.d/a.conf", harmless).says("modules", Fine, &[]);
    absent().with("/etc/modprobe.d/a.txt", "blacklist af_alg").says("modules", Fine, &[]);
}

#[test]
fn running_out_of_descriptors_is_no_policy() {
    healthy().no_socket(errno::EMFILE).says("af-alg", Fault, &["EMFILE", "ulimit -n"]);
    healthy().no_socket(errno::EIO).says("af-alg", Fault, &["EIO", "kernel log"]);
}

#[test]
fn a_missing_type_is_told_from_missing_algorithms() {
    let nothing = || healthy().binds(|_, _| Err(errno::ENOENT));
    let rule = "install algif_skcipher /bin/false";
    nothing()
        .with("/run/modprobe.d/x.conf", rule)
        .says("skcipher", Fault, &["ENOENT", "/run/modprobe.d/x.conf", rule])
        .says("aead", Warning, &["modprobe algif_aead", "CONFIG_CRYPTO_USER_API_AEAD"])
        .says("cbc(aes)", Warning, &["no skcipher is served (see skcipher)"]);
    let there = nothing().with("/sys/module/algif_skcipher/refcnt", "0");
    there.says("skcipher", Fault, &["algif_skcipher is there, but none"]);
    let list = "kernel/crypto/algif_skcipher.ko\n";
    let builtin = nothing().with("/lib/modules/6.12.94-amd64/modules.builtin", list);
    builtin.says("skcipher", Fault, &["algif_skcipher is there, but none"]);
    assert_eq!(nothing().faults(), ["skcipher"]);
}

#[test]
fn a_single_algorithm_that_is_absent_is_a_matter_of_the_kernel_s_configuration() {
    let machine = healthy().binds(|_, name| match name {
        "hctr2(aes)" => Err(errno::ENOENT),
        "lrw(aes)" => Err(errno::ELIBBAD),
        "xctr(aes)" => Err(errno::ENOMEM),
        _ => Ok(OpenTo::Everyone),
    });
    machine
        .says(
            "hctr2(aes)",
            Warning,
            &["userspace; not the kernel: not in this kernel", "CONFIG_CRYPTO_HCTR2"],
        )
        .says("lrw(aes)", Warning, &["failed the kernel's self-test", "kernel log"])
        .says("xctr(aes)", Warning, &["bind answered ENOMEM"]);
    let kept = healthy().binds(|_, name| match name {
        "ctr(aes)" | "chacha20" => Err(errno::ENOENT),
        _ => Ok(OpenTo::Everyone),
    });
    kept.with("/etc/modprobe.d/a.conf", "blacklist ctr\ninstall chacha20_generic /bin/true\n")
        .says("ctr(aes)", Warning, &["kept from loading", "\"blacklist ctr\" in /etc"])
        .says("chacha20", Warning, &["kept from loading", "--ignore-install chacha20_generic"])
        .says("modules", Fine, &[]);
    assert!(machine.faults().is_empty());
}

#[test]
fn fips_mode_is_a_reason() {
    let approved = |_, name: &str| match name {
        "chacha20" => Err(errno::ENOENT),
        _ => Ok(OpenTo::Everyone),
    };
    let machine = healthy().with("/proc/sys/crypto/fips_enabled", "1\n").binds(approved);
    machine.says("fips", Warning, &["is on", "fips=1"]);
    machine.says("chacha20", Warning, &["not approved in FIPS mode (see fips)"]);
    let off = healthy().with("/proc/sys/crypto/fips_enabled", "0\n").binds(approved);
    off.says("fips", Fine, &["off"]).says("chacha20", Warning, &["not in this kernel"]);
}

/// What Linux 7.3 answers to an ordinary process at level 1.
fn short_list(kind: AlgType, name: &str) -> Result<OpenTo, Errno> {
    match (kind, name) {
        (_, "xts(aes)" | "sha1") => Ok(OpenTo::Everyone),
        _ => Err(errno::ENOENT),
    }
}

#[test]
fn the_restriction_is_told_to_an_ordinary_process() {
    let machine = healthy()
        .with("/proc/sys/crypto/af_alg_restrict", "1\n")
        .with("/sys/module/algif_aead/refcnt", "0")
        .binds(short_list);
    machine
        .says("restriction", Warning, &["is 1", "this process is not privileged", "CAP_NET_ADMIN"])
        .says("privileges", Fine, &["an ordinary process"])
        .says("xts(aes)", Fine, &["kernel, driver xts-aes-aesni"])
        .says(
            "cbc(aes)",
            Warning,
            &["userspace; not the kernel: crypto.af_alg_restrict keeps it from this process"],
        )
        .says("chacha20", Warning, &["af_alg_restrict", "or it is not in this kernel"])
        .says("skcipher", Fine, &["xts(aes) binds"])
        .says("aead", Fine, &["algif_aead is there, but none of", "(see restriction)"]);
    assert!(machine.faults().is_empty(), "the kernel serves");
}

#[test]
fn the_restriction_is_told_to_a_privileged_process() {
    let long_list = |kind, name: &str| match name {
        "cbc(aes)" => Ok(OpenTo::Privileged),
        _ => short_list(kind, name),
    };
    let machine =
        healthy().with("/proc/sys/crypto/af_alg_restrict", "1\n").privileged().binds(long_list);
    machine
        .says("restriction", Warning, &["this process is privileged > for all, as root: sysctl"])
        .says("privileges", Fine, &["CAP_NET_ADMIN in the initial user namespace"])
        .says("cbc(aes)", Fine, &["kernel, driver cbc-aes-aesni; for privileged processes alone"]);
    let contained = machine.with("/proc/self/uid_map", "0 100000 65536\n");
    contained.says("restriction", Warning, &["this process is not privileged"]).says(
        "privileges",
        Fine,
        &["in a user namespace of its own"],
    );
}

#[test]
fn a_restriction_to_nobody_is_a_fault() {
    let machine =
        healthy().with("/proc/sys/crypto/af_alg_restrict", "2\n").no_socket(errno::EAFNOSUPPORT);
    machine.says("restriction", Fault, &["off for everyone", "sysctl crypto.af_alg_restrict=1"]);
    assert_eq!(machine.faults(), ["af-alg", "restriction"]);
    let open = healthy().with("/proc/sys/crypto/af_alg_restrict", "0\n");
    open.says("restriction", Fine, &["every algorithm is open"]);
}

#[test]
fn a_kernel_that_may_keep_nothing_serves_nobody() {
    let path = "/proc/sys/net/core/optmem_max";
    healthy().with(path, "4096").says("buffers", Fault, &["no request fits", "optmem_max 4096"]);
    healthy().with(path, "5120").says("buffers", Fine, &["one request carries"]);
}

#[test]
fn io_uring_may_be_switched_off() {
    let path = "/proc/sys/kernel/io_uring_disabled";
    healthy().with(path, "1").says("io-uring", Fine, &["kernel.io_uring_group", "does without"]);
    healthy().with(path, "2").says("io-uring", Fine, &["off for everyone", "does without"]);
    healthy().without(path).says("io-uring", Fine, &["not switched off"]);
}

#[test]
fn modules_may_be_switched_off_for_good() {
    let machine = healthy().with("/proc/sys/kernel/modules_disabled", "1\n");
    machine.says("modules", Warning, &["kernel.modules_disabled is 1", "/etc/modules-load.d"]);
    assert!(machine.faults().is_empty(), "what is loaded serves");
}

#[test]
fn a_hidden_proc_is_unknown_rather_than_wrong() {
    for text in ["", "\n\n", "name\n"] {
        healthy()
            .with("/proc/crypto", text)
            .says("proc-crypto", Warning, &["hidden", "built-in table", "mount /proc whole"])
            .says("cbc(aes)", Fine, &["kernel >"]);
    }
    let nothing = healthy().without("/proc");
    nothing
        .says("kernel", Unknown, &["cannot be read", "mount /proc"])
        .says("privileges", Unknown, &["cannot be read"])
        .says("seccomp", Unknown, &["does not say"])
        .says("modules", Unknown, &["cannot be read"])
        .says("restriction", Unknown, &["cannot be read"])
        .says("fips", Unknown, &["cannot be read"])
        .says("security-module", Unknown, &["cannot be read"])
        .says("buffers", Fine, &["wmem_max unreadable"]);
    assert!(nothing.faults().is_empty());
    let refused = healthy().without("/proc").binds(|_, name| match name {
        "cbc(aes)" => Err(errno::ENOENT),
        _ => Ok(OpenTo::Everyone),
    });
    refused.says("cbc(aes)", Warning, &["or kept from this process", "is hidden"]);
}

#[test]
fn garbage_is_not_believed() {
    let mut machine = healthy();
    for (path, text) in &mut machine.files {
        *text = format!("\0\u{fffd}:{path}\n9{text}999999999999999999999\n");
    }
    assert!(machine.faults().is_empty());
}
