"""The benchmark: thetastar and its peers on the same work, in turns, in one run. `session.run` is the way in."""
