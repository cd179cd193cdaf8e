"""The hands of the engine: each carries out the effects for one room, and brings what the room reports as events.

They translate and nothing else: what is to be done was decided in the core, how it is done is known in the room.
"""
