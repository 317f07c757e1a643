//! A design by eight studies at a time, in the shapes that sums over a single unit need.

/// The columns that there is room for, and the products of two of them.
pub(super) const COLUMNS: usize = 3;
pub(super) const PRODUCTS: usize = COLUMNS * (COLUMNS + 1) / 2;
/// Studies of a block.
pub(super) const EIGHT: usize = 8;
pub(super) type Eight = [f64; EIGHT];
/// Room for a row of the basis.
type Four = [f64; 4];

/// Eight studies of a design.
#[derive(Clone, Copy, Debug)]
pub(super) struct DesignBlock {
    /// How many of the studies there are.
    pub(super) here: usize,
    /// The columns of the basis.
    pub(super) z: [Eight; COLUMNS],
    /// By study: the products of two entries, row by row, then 1 for sums of weights alone.
    pub(super) products: [Eight; EIGHT],
    /// By study: the entries.
    pub(super) entries: [Four; EIGHT],
}

/// From the columns of a basis, at most [`COLUMNS`]. Made where it is used: it takes five times the memory of the basis.
pub(super) fn of(columns: &[Vec<f64>]) -> Vec<DesignBlock> {
    let studies = columns.first().map_or(0, Vec::len);
    let none = [0.0; EIGHT];
    let empty = DesignBlock { here: 0, z: [none; COLUMNS], products: [none; EIGHT], entries: [[0.0; 4]; EIGHT] };
    let mut blocks = vec![empty; studies.div_ceil(EIGHT)];
    for (place, block) in blocks.iter_mut().enumerate() {
        block.here = (studies - EIGHT * place).min(EIGHT);
        for (to, column) in block.z.iter_mut().zip(columns) {
            let from = column.get(EIGHT * place..).unwrap_or_default();
            match from.first_chunk() {
                Some(eight) => *to = *eight,
                None => to.iter_mut().zip(from).for_each(|(to, z)| *to = *z),
            }
        }
        let [xs, ys, zs] = &block.z;
        for i in 0..EIGHT {
            let (x, y, z) = (xs[i], ys[i], zs[i]);
            let products = &mut block.products[i];
            (products[0], products[1], products[2]) = (x * x, y * x, y * y);
            (products[3], products[4], products[5], products[PRODUCTS]) = (z * x, z * y, z * z, 1.0);
            block.entries[i] = [x, y, z, 0.0];
        }
    }
    blocks
}
