//! Who is known, and where: reach, overlap, linkage quality.

use super::{Asked, Extras, Oracle, words};

impl Oracle<'_> {
    pub(super) fn reach(&self) -> Extras {
        self.run("INSERT INTO cell SELECT u, '' FROM entry");
        Extras::new()
    }

    /// Known at a partner: a permitted row in the period.
    pub(super) fn overlap(&self, asked: &Asked<'_>) -> Extras {
        let partners = words::names(asked.programme.partners.iter().map(|partner| partner.id.to_string()));
        self.run(&format!(
            "DROP TABLE IF EXISTS known;
             CREATE TEMP TABLE known AS WITH name (source, id) AS (VALUES {partners})
               SELECT DISTINCT u, source, name.id FROM seen JOIN name USING (source);
             INSERT INTO cell SELECT u, id FROM known
             UNION ALL SELECT a.u, a.id || '+' || b.id FROM known a JOIN known b
               ON a.u = b.u AND a.source < b.source
             UNION ALL SELECT a.u, a.id || '+' || b.id || '+' || c.id FROM known a JOIN known b
               ON a.u = b.u AND a.source < b.source JOIN known c ON b.u = c.u AND b.source < c.source"
        ));
        Extras::new()
    }

    pub(super) fn quality(&self, asked: &Asked<'_>) -> Extras {
        let partners = words::names(asked.programme.partners.iter().map(|partner| partner.id.to_string()));
        let datasets = words::names(asked.programme.datasets.iter().map(|dataset| dataset.id.to_string()));
        self.run(&format!(
            "INSERT INTO cell
               WITH name (source, sender) AS (VALUES {partners}), setname (dataset, sid) AS (VALUES {datasets}),
                 named AS (SELECT * FROM seen JOIN name USING (source) JOIN setname USING (dataset))
               SELECT DISTINCT u, sid || '|' || sender || '|all' FROM named
               UNION ALL SELECT DISTINCT u, sid || '|' || sender || '|known-elsewhere' FROM named s
                 WHERE EXISTS (SELECT 1 FROM seen o WHERE o.u = s.u AND o.source <> s.source)"
        ));
        Extras::new()
    }
}
