"""The six independent services of Huifang; none imports another."""
