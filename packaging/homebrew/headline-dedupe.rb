# For a tap. sha256 is that of the release on PyPI; brew update-python-resources renews the resources.
class HeadlineDedupe < Formula
  include Language::Python::Virtualenv

  desc "Find news headlines that tell the same story"
  homepage "https://github.com/OWNER/dedupe"
  url "https://files.pythonhosted.org/packages/source/h/headline-dedupe/headline_dedupe-1.0.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license all_of: ["MIT", "Apache-2.0", "CC-BY-SA-4.0", "Unicode-3.0"]

  depends_on "cmake" => :build
  depends_on "ninja" => :build
  depends_on "rust" => :build
  depends_on "numpy"
  depends_on "python@3.13"
  depends_on "scipy"

  resource "click" do
    url "https://files.pythonhosted.org/packages/45/37/edbf1b0707709013c0cf2e8317e03d97ed29bf4cac709fe328904ae92a38/click-8.5.1.tar.gz"
    sha256 "9bbfada76703fd1d784b83eea012e3e8c6a001a876543ef104fa56aaaeb072b4"
  end

  resource "datasketch" do
    url "https://files.pythonhosted.org/packages/da/ae/bbcdeab67ebfe27747896618bca0f8113e79d534c5af2b06ce6693c981de/datasketch-2.0.0.tar.gz"
    sha256 "e0570e170f7e64b8d6fb1cc2e4ce36a9f7036c5100167e50a0770addc50558c2"
  end

  resource "orjson" do
    url "https://files.pythonhosted.org/packages/f2/72/380b97dc45bd162d23afe5194721ef678d9eac7cfaa549fe2873f7f0a518/orjson-3.13.0.tar.gz"
    sha256 "d1de5eb04485110c5da4c657e49168995d55e076b1ce60f1a042e254f4186c4f"
  end

  resource "rapidfuzz" do
    url "https://files.pythonhosted.org/packages/18/97/226c43b7b5d957bc3840ed52ea99eed261f99834c4619be7a4742cbaeafa/rapidfuzz-3.14.6.tar.gz"
    sha256 "e13a8160d017b499ec7a2fa9d0ce1ae2e7377080815785819f966fb235d4eb60"
  end

  def install
    virtualenv_install_with_resources
    generate_completions_from_executable(bin/"dedupe", "completion")
  end

  test do
    (testpath/"titles.txt").write <<~TEXT
      Ferry tolls at Pell Point rise in June
      UPDATE 1-Ferry tolls at Pell Point rise in June
    TEXT
    assert_equal 1, shell_output("#{bin}/dedupe unique -q titles.txt").lines.count
  end
end
