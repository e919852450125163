"""The real schedule, simulated travellers and an attack, and the tour that checks what came of them."""
