# %% [markdown]
# # Notebooks
#
# Each runs from top to bottom in a few seconds, and is stored with what it shows. Begin with the first; the
# others can be read in any order.
#
# 1. [Values and the chain rule](01_value_and_chain_rule.ipynb): how an expression is recorded and
#    differentiated; the picture, the chain rule written out, the order of the nodes, second derivatives
# 2. [Article A: four layers](02_article_a_four_layers.ipynb): Kostadinov's network of 4-2-2-1 numbers, its
#    derivation and its training
# 3. [Article B: house prices](03_article_b_house_prices.ipynb): Seth's network, its four formulas, and the
#    prices of 546 houses
# 4. [Article C: binary classification](04_article_c_binary_classification.ipynb): EnjoyAlgorithms' network,
#    a missing sign, and two kinds of iris
# 5. [Moons, like micrograd](05_moons_like_micrograd.ipynb): a program for micrograd, number for number, and
#    the same points with `fit` and Adam
# 6. [Checking gradients](06_checking_gradients.ipynb): what is wrong, what has no derivative, and what
#    doubles cannot say
#
# The three articles' networks can be had by their letters, here and on the command line
# (`python -m autograd reference a`):

# %%
from nn import REFERENCES

for letter, reference in REFERENCES.items():
    print(f"{letter}  {reference.title} ({reference.author}): {'-'.join(map(str, reference.sizes))}")

# %% [markdown]
# To run them, install the library with what they use, `python -m pip install -e '.[notebook,plot,test]'` in a
# clone of the repository. The source of each notebook is the Python file beside it; `make notebooks` runs all
# of them anew.
