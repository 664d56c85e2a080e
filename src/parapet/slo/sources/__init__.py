"""Slices over metrics that a host exports already: adopt what is there, count nothing twice; the PromQL is ours."""
