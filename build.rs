//! Compiles the service's database: SQLite as SQLite3 Multiple Ciphers has it, which encrypts every page (docs/decisions/0008).
//!
//! The source is that of the crate `sqlite3mc-src`, byte for byte as released; nothing is fetched. `rusqlite` links no
//! SQLite of its own (its feature `in_gecko`) and finds this one. Without the feature `service` nothing is done here.

#[cfg(not(feature = "service"))]
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
}

#[cfg(feature = "service")]
fn main() {
    /// What `libsqlite3-sys` sets in its own build, as far as it is used here, and what encryption needs.
    const DEFINED: [(&str, &str); 23] = [
        ("SQLITE_CORE", "1"),
        ("SQLITE_DEFAULT_FOREIGN_KEYS", "1"),
        ("SQLITE_ENABLE_API_ARMOR", "1"),
        ("SQLITE_ENABLE_MEMORY_MANAGEMENT", "1"),
        ("SQLITE_ENABLE_STAT4", "1"),
        ("SQLITE_THREADSAFE", "1"),
        ("HAVE_USLEEP", "1"),
        ("HAVE_ISNAN", "1"),
        // Pages as they are, through the cipher: a search finds what deleting left in one.
        ("SQLITE_ENABLE_DBPAGE_VTAB", "1"),
        ("SQLITE_USE_URI", "0"),
        // Whoever forgets the pragma still gets what the store asks for.
        ("SQLITE_SECURE_DELETE", "1"),
        ("SQLITE_TRUSTED_SCHEMA", "0"),
        ("SQLITE_DQS", "0"),
        // Sorting, temporary tables and statement journals: in memory, whatever anybody asks for. Files would be in clear.
        ("SQLITE_TEMP_STORE", "3"),
        // Nobody loads code into the service, and no statement opens a file.
        ("SQLITE_OMIT_LOAD_EXTENSION", "1"),
        // What SQLite frees it wipes: pages in clear, and the text of the key.
        ("SQLITE3MC_SECURE_MEMORY", "1"),
        // One cipher: the others are not there to be chosen by a file or a statement.
        ("CODEC_TYPE", "CODEC_TYPE_AEGIS"),
        ("HAVE_CIPHER_AES_128_CBC", "0"),
        ("HAVE_CIPHER_AES_256_CBC", "0"),
        ("HAVE_CIPHER_SQLCIPHER", "0"),
        ("HAVE_CIPHER_RC4", "0"),
        ("HAVE_CIPHER_ASCON128", "0"),
        ("HAVE_CIPHER_CHACHA20", "0"),
    ];
    println!("cargo:rerun-if-changed=build.rs");
    let mut build = cc::Build::new();
    for (name, value) in DEFINED {
        build.define(name, value);
    }
    if std::env::var_os("CARGO_CFG_WINDOWS").is_none() {
        build.define("HAVE_LOCALTIME_R", "1");
    }
    // Tests run against it, so it is fast in every profile.
    build
        .file(sqlite3mc_src::source_dir().join(sqlite3mc_src::SOURCE_FILE))
        .opt_level(2)
        .debug(false)
        .warnings(false);
    // Whole: `libsqlite3-sys`, which calls it, may stand behind it on the linker's line.
    build.link_lib_modifier("+whole-archive").compile("kobling_sqlite");
}
