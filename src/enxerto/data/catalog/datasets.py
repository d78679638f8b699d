"""The data sets that have a name here: official addresses, checksums, licences, and what is known to be odd in them.

Sizes and checksums come from the publisher where one gives them (EuroSAT: Zenodo), else from the projects that have
checked these files for years: TensorFlow Datasets (Pets, Flowers-102, Food-101), torchvision (Caltech-101), the PyTorch
tutorials (hymenoptera); for Cats vs Dogs it is a digest that others have published of the archive of that size.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from enxerto.data.catalog import listings
from enxerto.data.catalog.listings import List
from enxerto.errors import UnknownNameError


@dataclass(frozen=True)
class Archive:
    """A file to download.

    Attributes:
        name: of the file, also on mirrors.
        url: official address.
        size_bytes: exact.
        checksum: `sha256:` or `md5:` and the digest in hex.
    """

    name: str
    url: str
    size_bytes: int
    checksum: str


@dataclass(frozen=True)
class Dataset:
    """A data set.

    Attributes:
        name: as in `enxerto data get NAME`.
        title: its own name.
        classes: how many.
        photos: how many are listed.
        split: the official split in words, or that there is none.
        archives: to download; none where it is made from an installed package.
        listed: lists the photos below its folder.
        inner: names of archives within the archives that are unpacked, too.
        oddities: what is known to be wrong with it, and what is left out, in sentences.
        licence: in words.
        citation: whom to cite.
        homepage: of the publisher.
        package: that carries it where nothing is downloaded, and the extra that installs it.
    """

    name: str
    title: str
    classes: int
    photos: int
    split: str
    archives: tuple[Archive, ...]
    listed: List
    licence: str
    citation: str
    homepage: str
    inner: tuple[str, ...] = ()
    oddities: tuple[str, ...] = ()
    package: str | None = None

    @property
    def size_bytes(self) -> int:
        """Of all that is downloaded."""
        return sum(archive.size_bytes for archive in self.archives)


_VGG = "https://thor.robots.ox.ac.uk/~vgg/data"
_FLOWERS = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102"
_MICROSOFT = "https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F"
NO_SPLIT = "none"

_ALL = (
    Dataset(
        name="cats-dogs",
        title="Cats vs Dogs (Asirra)",
        classes=2,
        photos=25_000,
        split=NO_SPLIT,
        archives=(
            Archive(
                "kagglecatsanddogs_5340.zip",
                f"{_MICROSOFT}/kagglecatsanddogs_5340.zip",
                824_887_076,
                "sha256:b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9",
            ),
        ),
        listed=listings.folders("PetImages"),
        licence="CDLA-Permissive-2.0 (its text comes with the archive); photos by Petfinder.com's users",
        citation="Elson, Douceur, Howell, Saul: Asirra: A CAPTCHA that exploits interest-aligned manual image "
        "categorization. ACM CCS 2007",
        homepage="https://www.microsoft.com/en-us/download/details.aspx?id=54765",
        oddities=(
            "PetImages/Cat/666.jpg and PetImages/Dog/11702.jpg can't be read as photos; they stay in the list, so that "
            "every report names them.",
            "About 1,700 files are no ordinary (JFIF) JPEG: other projects drop them, here most can be read.",
        ),
    ),
    Dataset(
        name="pets",
        title="Oxford-IIIT Pets",
        classes=37,
        photos=7_349,
        split="trainval and test",
        archives=(
            Archive(
                "images.tar.gz",
                f"{_VGG}/pets/images.tar.gz",
                791_918_971,
                "sha256:67195c5e1c01f1ab5f9b6a5d22b8c27a580d896ece458917e61d459337fa318d",
            ),
            Archive(
                "annotations.tar.gz",
                f"{_VGG}/pets/annotations.tar.gz",
                19_173_078,
                "sha256:52425fb6de5c424942b7626b428656fcbd798db970a937df61750c0f1d358e91",
            ),
        ),
        listed=listings.pets,
        licence="CC BY-SA 4.0; the copyright of the photos remains with their owners",
        citation="Parkhi, Vedaldi, Zisserman, Jawahar: Cats and Dogs. CVPR 2012",
        homepage="https://www.robots.ox.ac.uk/~vgg/data/pets/",
        oddities=(
            "All 37 breeds are listed; courses that speak of 35 mean this data set.",
            "beagle_116.jpg and chihuahua_121.jpg are damaged; Abyssinian_5.jpg and Egyptian_Mau_14, 156 and 186 are "
            "PNG, Abyssinian_34 and Egyptian_Mau_139, 145, 167, 177 and 191 are GIF, whatever their names say.",
            "Some forty photos in images/ are on neither side of the official split and are not listed.",
        ),
    ),
    Dataset(
        name="hymenoptera",
        title="Hymenoptera (ants and bees)",
        classes=2,
        photos=397,
        split="train and val",
        archives=(
            Archive(
                "hymenoptera_data.zip",
                "https://download.pytorch.org/tutorial/hymenoptera_data.zip",
                47_286_322,
                "sha256:fbc41b31d544714d18dd1230b1e2b455e1557766e13e67f9f5a7a23af7c02209",
            ),
        ),
        listed=listings.hymenoptera,
        licence="none stated by the publisher; a small part of ImageNet, whose photos belong to their owners",
        citation="The PyTorch tutorial on transfer learning; Deng et al.: ImageNet. CVPR 2009",
        homepage="https://docs.pytorch.org/tutorials/beginner/transfer_learning_tutorial.html",
        oddities=("train/ants/imageNotFound.gif is a web site's placeholder, no ant; it is not listed.",),
    ),
    Dataset(
        name="flowers102",
        title="Oxford Flowers-102",
        classes=102,
        photos=8_189,
        split="train, val and test",
        archives=(
            Archive(
                "102flowers.tgz",
                f"{_FLOWERS}/102flowers.tgz",
                344_862_509,
                "sha256:2d01ecc807db462958cfe3d92f57a8c252b4abd240eb955770201e45f783b246",
            ),
            Archive(
                "imagelabels.mat",
                f"{_FLOWERS}/imagelabels.mat",
                502,
                "sha256:4903e94206bac23bf772aadf06451916df56b58fc483a62db32a97b82656651d",
            ),
            Archive(
                "setid.mat",
                f"{_FLOWERS}/setid.mat",
                14_989,
                "sha256:46b8678f91fd95d3c8f4feab80d271a6c834a1dd896fe29fd3e6ad9ce5c8dccd",
            ),
        ),
        listed=listings.flowers,
        licence="none stated by the publisher",
        citation="Nilsback, Zisserman: Automated flower classification over a large number of classes. ICVGIP 2008",
        homepage="https://www.robots.ox.ac.uk/~vgg/data/flowers/102/",
        oddities=("The official split learns from 10 photos a class and tests on 6,149, the larger part.",),
    ),
    Dataset(
        name="food101",
        title="Food-101",
        classes=101,
        photos=101_000,
        split="train and test",
        archives=(
            Archive(
                "food-101.tar.gz",
                "http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz",
                4_996_278_331,
                "sha256:d97d15e438b7f4498f96086a4f7e2fa42a32f2712e87d3295441b2b6314053a4",
            ),
        ),
        listed=listings.food,
        licence="photos from Foodspotting, for scientific fair use; anything else is for their owners to allow",
        citation="Bossard, Guillaumin, Van Gool: Food-101 – Mining discriminative components with random forests. "
        "ECCV 2014",
        homepage="https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101/",
        oddities=("The training photos were not cleaned on purpose: some labels are wrong.",),
    ),
    Dataset(
        name="caltech101",
        title="Caltech-101",
        classes=101,
        photos=8_677,
        split=NO_SPLIT,
        archives=(
            Archive(
                "caltech-101.zip",
                "https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip",
                137_414_764,
                "md5:3138e1922a9193bfa496528edbbc45d0",
            ),
        ),
        inner=("101_ObjectCategories.tar.gz",),
        listed=listings.folders("101_ObjectCategories", without=("BACKGROUND_Google",)),
        licence="CC BY 4.0",
        citation="Fei-Fei, Fergus, Perona: Learning generative visual models from few training examples. CVPR "
        "workshop 2004. doi:10.22002/D1.20086",
        homepage="https://data.caltech.edu/records/mzrjq-6wc02",
        oddities=("BACKGROUND_Google is no class of things and is not listed.",),
    ),
    Dataset(
        name="eurosat",
        title="EuroSAT (RGB)",
        classes=10,
        photos=27_000,
        split=NO_SPLIT,
        archives=(
            Archive(
                "EuroSAT_RGB.zip",
                "https://zenodo.org/records/7711810/files/EuroSAT_RGB.zip",
                94_658_721,
                "md5:f46e308c4d50d4bf32fedad2d3d62f3b",
            ),
        ),
        listed=listings.folders("EuroSAT_RGB"),
        licence="MIT; contains Copernicus Sentinel data",
        citation="Helber, Bischke, Dengel, Borth: EuroSAT. IEEE JSTARS 12(7), 2019. doi:10.5281/zenodo.7711810",
        homepage="https://github.com/phelber/EuroSAT",
    ),
    Dataset(
        name="digits",
        title="Handwritten digits, 8 x 8 pixels",
        classes=10,
        photos=1_797,
        split=NO_SPLIT,
        archives=(),
        listed=listings.folders("."),
        licence="CC BY 4.0",
        citation="Alpaydin, Kaynak: Optical Recognition of Handwritten Digits. UCI Machine Learning Repository, 1998. "
        "doi:10.24432/C50P49",
        homepage="https://archive.ics.uci.edu/dataset/80",
        package="scikit-learn",
    ),
)

DATASETS = {dataset.name: dataset for dataset in _ALL}
"""Every data set by its name."""


def find(name: str) -> Dataset:
    """The data set of a name.

    Raises:
        UnknownNameError: there is none; the message lists near matches.
    """
    if name not in DATASETS:
        raise UnknownNameError("data set", name, DATASETS)
    return DATASETS[name]


def default_folder(dataset: Dataset) -> Path:
    """Where a data set goes when nobody says where: a folder of its name, here."""
    return Path(dataset.name)
