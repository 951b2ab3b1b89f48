//! `import` and `from … import`.

use prepyc_bytecode::{Constant, StrId};
use prepyc_syntax::ast::{Alias, ImportFrom, Stmt};

use super::{Codegen, Generated, place};
use crate::future::LATE_IMPORT;
use crate::location::Location;
use crate::op::Op;

const INTRINSIC_IMPORT_STAR: u32 = 2;

impl<'a> Codegen<'a, '_> {
    pub(super) fn import(&mut self, names: &'a [Alias], loc: Location) -> Generated {
        for alias in names {
            self.load_int(0, loc);
            self.load_none(loc);
            self.emit_name(Op::ImportName, alias.name, 0, 0, loc);
            match alias.asname {
                None => {
                    let package = self.package_of(alias.name);
                    self.store_name(package, loc)?;
                }
                Some(asname) => {
                    let parts = self.parts_of(alias.name);
                    self.import_as(&parts, asname, loc)?;
                }
            }
        }
        Ok(())
    }

    /// The part of a dotted name before the first dot.
    fn package_of(&mut self, name: StrId) -> StrId {
        let text = self.strings.get(name).as_bytes();
        match memchr::memchr(b'.', text) {
            None => name,
            Some(end) => {
                let package = text[..end].to_vec();
                self.intern_bytes(&package)
            }
        }
    }

    /// The parts of a dotted name.
    fn parts_of(&mut self, name: StrId) -> Vec<StrId> {
        let text = self.strings.get(name).as_bytes().to_vec();
        text.split(|&byte| byte == b'.').map(|part| self.intern_bytes(part)).collect()
    }

    fn import_as(&mut self, parts: &[StrId], asname: StrId, loc: Location) -> Generated {
        for (index, &part) in parts[1..].iter().enumerate() {
            if index > 0 {
                self.emit_with(Op::Swap, 2, loc);
                self.emit(Op::PopTop, loc);
            }
            let oparg = self.name_index(part);
            self.emit_with(Op::ImportFrom, oparg, loc);
        }
        self.store_name(asname, loc)?;
        if parts.len() > 1 {
            self.emit(Op::PopTop, loc);
        }
        Ok(())
    }

    pub(super) fn import_from(&mut self, s: &'a Stmt<'a>, node: &'a ImportFrom<'a>) -> Generated {
        let loc = place(s.location);
        if node.level == 0
            && node.module == Some(self.names.future)
            && s.location.lineno > self.future.last_line
        {
            return self.error(LATE_IMPORT, s.location);
        }
        self.load_int(i64::from(node.level), loc);
        let names = node.names.iter().map(|alias| Constant::Str(alias.name)).collect();
        self.load_const(Constant::Tuple(names), loc);
        self.emit_name(Op::ImportName, node.module.unwrap_or(self.names.empty), 0, 0, loc);
        for alias in node.names {
            if alias.name == self.names.star {
                self.emit_with(Op::CallIntrinsic1, INTRINSIC_IMPORT_STAR, loc);
                self.emit(Op::PopTop, Location::NONE);
                return Ok(());
            }
            self.emit_name(Op::ImportFrom, alias.name, 0, 0, loc);
            self.store_name(alias.asname.unwrap_or(alias.name), loc)?;
        }
        self.emit(Op::PopTop, loc);
        Ok(())
    }
}
