//! exp, ln, erfc and the normal distribution with the same bits on every CPU path.
