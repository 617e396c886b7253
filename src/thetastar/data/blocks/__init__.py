"""One block per column that is learned from, a file a kind. An index."""

from thetastar.data.blocks.block import Block, FitSettings, Place
from thetastar.data.blocks.boolean import BooleanBlock
from thetastar.data.blocks.category import CategoryBlock
from thetastar.data.blocks.date import DateBlock, dates_of
from thetastar.data.blocks.image import ImageBlock
from thetastar.data.blocks.number import NumberBlock, numbers_of
from thetastar.data.blocks.sequence import SequenceBlock
from thetastar.data.blocks.state import BLOCKS, block_from_state, block_kind

__all__ = [
    "BLOCKS", "Block", "BooleanBlock", "CategoryBlock", "DateBlock", "FitSettings", "ImageBlock", "NumberBlock",
    "Place", "SequenceBlock", "block_from_state", "block_kind", "dates_of", "numbers_of",
]  # fmt: skip
