//! Generation: the four dated states of a real inventory, and small ones made up for one promise each.

mod bad_input;
mod example;
mod faults;
mod inheriting;
mod people;
mod remedies;
mod routes;
mod scene;
mod shapes;
mod states;
