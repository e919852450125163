"""Streamlit pages over the marts and the live tables."""
