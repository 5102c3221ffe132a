//! What keeps the kernel's modules from loading by themselves.

use super::probe::Probe;

/// What keeps modules from being loaded.
#[derive(Debug, Default)]
pub(super) struct Modules {
    /// Whether the kernel has modules at all.
    pub(super) none: bool,
    /// `kernel.modules_disabled`.
    pub(super) disabled: bool,
    /// Lines of modprobe's configuration and the kernel's command line.
    rules: Vec<Rule>,
    /// The kernel's configuration, where it lies beside it.
    config: Option<String>,
    /// `modules.builtin`.
    builtin: Option<String>,
}

/// A line that keeps a module from loading by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) module: String,
    pub(super) line: String,
    pub(super) file: String,
}

const MODPROBE: [&str; 5] = [
    "/etc/modprobe.d",
    "/run/modprobe.d",
    "/usr/local/lib/modprobe.d",
    "/usr/lib/modprobe.d",
    "/lib/modprobe.d",
];

impl Rule {
    /// What it says and where.
    pub(super) fn quote(&self) -> String {
        format!("\"{}\" in {}", self.line, self.file)
    }

    /// How to get round it.
    pub(super) fn way_out(&self, place: &str) -> String {
        let (quote, module) = (self.quote(), &self.module);
        if self.file == "/proc/cmdline" {
            return format!("boot without {quote}");
        }
        format!(
            "take out {quote}, or load the module in spite of it{place}: modprobe --ignore-install \
             {module}"
        )
    }
}

impl Modules {
    /// Reads it all.
    pub(super) fn read(probe: &dyn Probe, release: &str) -> Self {
        let folder = format!("/lib/modules/{release}");
        let config = probe
            .read(&format!("/boot/config-{release}"))
            .or_else(|| probe.read(&format!("{folder}/config")));
        let disabled = probe.number("/proc/sys/kernel/modules_disabled");
        Self {
            none: disabled.is_none() && probe.exists("/proc/sys/kernel/osrelease"),
            disabled: disabled == Some(1),
            rules: Self::rules(probe),
            config,
            builtin: probe.read(&format!("{folder}/modules.builtin")),
        }
    }

    fn rules(probe: &dyn Probe) -> Vec<Rule> {
        let mut rules = Vec::new();
        for folder in MODPROBE {
            // /lib is /usr/lib on most machines: once is enough.
            let seen = folder == "/lib/modprobe.d" && probe.exists("/usr/lib/modprobe.d");
            for name in if seen { vec![] } else { probe.list(folder) } {
                let file = format!("{folder}/{name}");
                let text = name.strip_suffix(".conf").and_then(|_| probe.read(&file));
                for line in text.iter().flat_map(|text| text.lines()) {
                    let rule =
                        |module| Rule { module, line: line.trim().to_owned(), file: file.clone() };
                    rules.extend(kept_by(line).map(rule));
                }
            }
        }
        let file = "/proc/cmdline";
        for word in probe.read(file).unwrap_or_default().split_whitespace() {
            let list = word.strip_prefix("module_blacklist=").unwrap_or_default();
            for module in list.split(',').filter(|module| !module.is_empty()) {
                let (module, file) = (spelt(module), file.to_owned());
                rules.push(Rule { module, line: word.to_owned(), file });
            }
        }
        rules
    }

    /// The line that keeps a module from loading by itself.
    pub(super) fn rule_of(&self, module: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.module == module)
    }

    /// The lines about modules of AF_ALG.
    pub(super) fn rules_of_af_alg(&self) -> impl Iterator<Item = &Rule> {
        let of_af_alg = |module: &str| module == "af_alg" || module.starts_with("algif_");
        self.rules.iter().filter(move |rule| of_af_alg(&rule.module))
    }

    /// A line about a module that is named after a part of an algorithm: `aes_generic` for `aes`.
    pub(super) fn rule_of_part(&self, part: &str) -> Option<&Rule> {
        let named = |module: &str| {
            module.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest == "_generic")
        };
        self.rules.iter().find(|rule| named(&rule.module))
    }

    /// Whether a symbol is set in the kernel's configuration, where that can be read.
    pub(super) fn configured(&self, symbol: &str) -> Option<bool> {
        let config = self.config.as_ref()?;
        Some(
            config.lines().any(|line| {
                line.strip_prefix(symbol).is_some_and(|rest| rest == "=y" || rest == "=m")
            }),
        )
    }

    /// Whether a module is built into the kernel, where that can be read.
    pub(super) fn builds_in(&self, module: &str) -> bool {
        let file = format!("/{module}.ko");
        self.builtin.as_ref().is_some_and(|list| list.lines().any(|line| line.ends_with(&file)))
    }
}

/// The module that a line of modprobe's configuration keeps from loading by itself.
fn kept_by(line: &str) -> Option<String> {
    let words: Vec<_> = line.split_whitespace().collect();
    match words.as_slice() {
        // Of no use against what the kernel asks for by the module's own name.
        ["blacklist", module, ..] if spelt(module).starts_with("algif_") => None,
        ["blacklist", module, ..] | ["alias", module, "off"] => Some(spelt(module)),
        ["install", module, command, ..] => {
            let program = command.rsplit('/').next()?;
            ["false", "true", ":"].contains(&program).then(|| spelt(module))
        }
        _ => None,
    }
}

/// A module's name as the kernel spells it. `net-pf-38` is what it calls af_alg by.
fn spelt(module: &str) -> String {
    match module.replace('-', "_").as_str() {
        "net_pf_38" => "af_alg".to_owned(),
        name => name.trim_start_matches("crypto_").to_owned(),
    }
}
