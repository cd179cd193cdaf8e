"""The room that talks with peers: messages in and out, by way of brokers that only pass them on.

``topics``, ``wire``, ``codec``, ``signing`` and ``envelope`` say what a message looks like; ``connection`` is one
connection to one broker, ``session`` has one after the other for good; ``embedded`` is a broker of our own.
"""
