"""Shows that every rule of `check` can fail, and that lawful code passes. Run with unittest or pytest."""

import importlib.machinery
import importlib.util
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
loader = importlib.machinery.SourceFileLoader("check", str(HERE / "check"))
check = importlib.util.module_from_spec(importlib.util.spec_from_loader("check", loader))
loader.exec_module(check)

MANIFEST = """
import PackageDescription
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let targets: [Target] = [
  // .target(name: "Commented"),
  .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
  .target(name: "Lower", swiftSettings: settings),
  .target(name: "HTTP2", dependencies: ["CNghttp2", "Lower", nioCore], swiftSettings: settings),
]
func tests(_ target: String) -> Target { .testTarget(name: "\\(target)Tests") }
let testTargets = [
  .target(name: "TestSupport", path: "Tests/TestSupport"),
  tests("Lower"),
]
"""
TABLE = {"CNghttp2": [], "Lower": ["Foundation"], "HTTP2": ["CNghttp2", "Lower", "Queue"]}
FILES = {
    "Package.swift": MANIFEST.replace("nioCore]", '.product(name: "Queue", package: "p")]'),
    "Sources/CNghttp2/module.modulemap": "module CNghttp2 {}\n",
    "Sources/CNghttp2/shim.h": "#include <nghttp2/nghttp2.h>\n",
    "Sources/Lower/Lower.swift": "import Foundation\n",
    "Sources/HTTP2/HTTP2.swift": "import CNghttp2\nimport Lower\n@preconcurrency internal import struct Queue.Deque\n",
    "Tests/LowerTests/LowerTests.swift": "import Testing\n",
    "Tests/TestSupport/Support.swift": "",
    ".gitignore": "Package.resolved\n",
}


class StructureTests(unittest.TestCase):
    def faults(self, changes=None, table=None, git=False):
        """Messages for the lawful tree with some files changed (None removes one)."""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**FILES, **(changes or {})}.items():
                if text is not None:
                    path = Path(folder) / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text, encoding="utf-8")
            if git:
                run = ["git", "-C", folder]
                subprocess.run(run + ["init", "-q"], check=True)
                subprocess.run(run + ["add", "--force", "."], check=True)
            saved, check.MAY_IMPORT = check.MAY_IMPORT, table or TABLE
            try:
                return [f"{fault.file}:{fault.line}: {fault.message}" for fault in check.faults(folder)]
            finally:
                check.MAY_IMPORT = saved

    def swift(self, code):
        return self.faults({"Sources/Lower/Lower.swift": "import Foundation\n" + code})

    def assertFault(self, faults, *parts):
        self.assertTrue(any(all(part in fault for part in parts) for fault in faults), f"{parts} not in {faults}")

    def test_lawful_tree(self):
        self.assertEqual(self.faults(), [])
        self.assertEqual(self.faults(git=True), [])

    def test_this_repository_runs_from_the_command_line(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([sys.executable, str(HERE / "check"), folder], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is this the repository?", done.stdout)

    # Imports

    def test_import_outside_the_table(self):
        self.assertFault(self.swift("import Synchronization\n"), "Lower.swift:2", "may not import Synchronization")
        self.assertFault(self.swift("@_exported public import class Dispatch.X\n"), "may not import Dispatch")

    def test_import_in_comment_or_string_does_not_count(self):
        code = '// import A\n/* /* */\nimport B */\nlet s = """\nimport C\n"""\n'
        self.assertEqual(self.swift(code), [])

    def test_import_that_is_no_dependency(self):
        manifest = FILES["Package.swift"].replace('"Lower", .product', ".product")
        self.assertFault(self.faults({"Package.swift": manifest}), "HTTP2.swift:2", "Lower is no dependency of HTTP2")

    def test_dependency_that_is_not_imported(self):
        self.assertFault(self.faults({"Package.swift": MANIFEST}), "HTTP2 depends on NIOCore but never imports it")

    def test_row_that_allows_too_much(self):
        self.assertFault(self.faults(table={**TABLE, "Lower": ["Foundation", "Dispatch"]}), "remove it from the table")

    def test_only_one_target_sees_a_c_module(self):
        table = {**TABLE, "Lower": ["Foundation", "CNghttp2"]}
        faults = self.faults({"Sources/Lower/Lower.swift": "import Foundation\nimport CNghttp2\n"}, table)
        self.assertFault(faults, "Lower.swift:2", "only HTTP2 may")
        self.assertFault(faults, "Tests/Structure/check", "only HTTP2 may")

    def test_pairs_that_never_meet(self):
        table = {**TABLE, "HTTP2": TABLE["HTTP2"] + ["Encoder", "NIOCore"]}
        code = FILES["Sources/HTTP2/HTTP2.swift"] + "import Encoder\nimport NIOCore\n"
        faults = self.faults({"Sources/HTTP2/HTTP2.swift": code}, table)
        self.assertFault(faults, "HTTP2.swift:4", "HTTP2 imports Encoder")
        self.assertFault(faults, "HTTP2.swift:5", "HTTP2 imports NIOCore")

    def test_the_real_table_obeys_the_laws(self):
        self.assertEqual(list(check.check_table()), [])

    def test_header_of_another_target(self):
        for header in ("nghttp2/nghttp2.h", "cblas.h", "zlib.h", "sentencepiece_processor.h"):
            faults = self.faults({"Sources/Lower/a.c": f"// x\n# include <{header}>\n"})
            self.assertFault(faults, "a.c:2", f"includes <{header}>")
        self.assertEqual(self.faults({"Sources/Lower/a.c": "#include <math.h>\n// #include <zlib.h>\n"}), [])

    # Targets and folders

    def test_folder_without_target(self):
        self.assertFault(self.faults({"Sources/Extra/A.swift": ""}), "Sources/Extra", "no target of Package.swift")

    def test_target_without_folder(self):
        gone = {"Tests/LowerTests/LowerTests.swift": None}
        self.assertFault(self.faults(gone), "target at Tests/LowerTests, which is not there")

    def test_target_without_row(self):
        table = {name: row for name, row in TABLE.items() if name != "Lower"}
        self.assertFault(self.faults(table=table), "Sources/Lower", "has no row")

    def test_row_without_target(self):
        self.assertFault(self.faults(table={**TABLE, "Gone": []}), "row for Gone")

    def test_tests_that_never_run(self):
        self.assertFault(self.faults({"Tests/HTTP2Tests/A.swift": ""}), "Tests/HTTP2Tests", "never run")

    def test_file_beside_the_targets(self):
        self.assertFault(self.faults({"Sources/A.swift": ""}), "Sources/A.swift", "beside the targets")

    # Constructs

    def test_forbidden_constructs(self):
        cases = {
            "fatalError()": "fatalError", 'preconditionFailure("x")': "preconditionFailure",
            "let a = try! f()": "try!", "let a = b as! C": "as!", "a.unsafelyUnwrapped": "unsafelyUnwrapped",
            "unowned(unsafe) let a: B": "unowned(unsafe)",
        }
        for code, name in cases.items():
            self.assertFault(self.swift(f"\n{code}\n"), "Lower.swift:3", name)

    def test_force_unwraps(self):
        for code in ("a!", "a!.b", "f()!", "a[0]!", "a?.b!", "let a: Int!", "{ b }()!", 'Int("1")!', "x! += 1",
                     "a! == b", "`in`!", "let a: X<Y>!", '"\\(a!)"', '"""\n\\(f(a!, ")"))\n"""', '#"\\#(a!)"#',
                     "(a!)", "-a!"):
            self.assertFault(self.swift(code + "\n"), "a force unwrap")

    def test_what_is_no_force_unwrap(self):
        for code in ("a != b", "a!=b", "a !== b", "!a", "if !a && !b {}", "(!a)", "[!a]", "try !f()", "#if !DEBUG\n#endif",
                     '"Hello!"', '"a! \\(b) c!"', "// stop!", "/* a! /* b! */ c! */", '"""\na! "b!" c!\n"""', '#"a!" b!"#',
                     "let a = #\"\\(b!)\"#", 'let a = "\\"!"', "print(\"a\\\\\") // b!"):
            self.assertEqual(self.swift(code + "\n"), [], code)

    def test_generated_code_is_left_alone(self):
        generated = {"Sources/Lower/Generated/A.swift": "// DO NOT EDIT.\nlet a = try! b!\n" + "\n" * 900}
        self.assertEqual(self.faults(generated), [])
        # Neither the folder's name nor the words alone make code generated.
        self.assertFault(self.faults({"Sources/Lower/Generated/A.swift": "let a = try! b\n"}), "try!")
        self.assertFault(self.faults({"Sources/Lower/A.swift": "// DO NOT EDIT.\nlet a = try! b\n"}), "try!")

    def test_compiler_flags(self):
        for flag in ("-Ofast", "-ffast-math", "-march=native"):
            manifest = FILES["Package.swift"] + f'let flags = ["{flag}"]\n'
            self.assertFault(self.faults({"Package.swift": manifest}), "Package.swift", flag)
            self.assertFault(self.faults({"deploy/build": f"cc {flag} a.c\n"}), "deploy/build:1", flag)
        self.assertFault(self.faults({"Sources/Lower/a.c": '__attribute__((optimize("Ofast"))) int x;\n'}), "-Ofast")
        self.assertFault(self.faults({"Sources/Lower/a.c": '#pragma GCC optimize("fast-math")\n'}), "-ffast-math")
        prose = {"Sources/Lower/a.c": "// no -Ofast\n", "deploy/README.md": "no -ffast-math", "deploy/a": "# no -Ofast\n"}
        self.assertEqual(self.faults(prose), [])

    def test_unchecked_sendable(self):
        self.assertFault(self.swift("final class A: @unchecked Sendable {\n  let a = 1\n}\n"), "Lower.swift:2", "why it is safe")
        self.assertFault(self.swift("final class A: @unchecked Sendable {}"), "why it is safe")
        self.assertFault(self.swift("final class A: @unchecked Sendable {\n  //\n}\n"), "why it is safe")
        self.assertEqual(self.swift("final class A: @unchecked Sendable {\n  // Safe: constant.\n}\n"), [])
        self.assertEqual(self.swift("// An @unchecked Sendable would do.\n\n"), [])

    # Places

    def test_long_files(self):
        self.assertFault(self.swift("\n" * 800), "has 801 lines")
        self.assertEqual(self.swift("\n" * 799), [])

    def test_top_level(self):
        self.assertFault(self.faults({"NOTES.md": ""}), "NOTES.md", "top level")
        self.assertFault(self.faults({"tools/a": ""}, git=True), "tools", "top level")
        self.assertEqual(self.faults({"README.md": "", ".ci/a": "", "Models/A/b": "", "Protocols/a": ""}), [])

    def test_tracked_build_products(self):
        for name in ("Package.resolved", ".build/a.o", "Tests/__pycache__/a.pyc"):
            self.assertFault(self.faults({name: ""}, git=True), name, "must not be tracked")

    def test_strings_and_comments_keep_their_lines(self):
        code = 'a /* x\n y */ "b\\(c + "d\\(e)")f" // g\n"""\nh\n""" i\n\'\n'
        for keep in (False, True):
            stripped = check.without_comments(code, swift=True, keep_strings=keep)
            self.assertEqual(len(stripped), len(code))
            self.assertEqual(stripped.count("\n"), code.count("\n"))
            for inside in "xyg":
                self.assertNotIn(inside, stripped)
            for code_letter in "acei":
                self.assertIn(code_letter, stripped)
            for string_letter in "bdfh":
                self.assertEqual(string_letter in stripped, keep)


if __name__ == "__main__":
    unittest.main()
