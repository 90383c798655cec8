namespace AgiJobs.Ethereum.Tests;

public sealed class AddressTests
{
    [Theory]
    [InlineData("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")]
    [InlineData("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359")]
    [InlineData("0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB")]
    [InlineData("0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb")]
    public void The_examples_of_EIP_55_read_and_write_unchanged(string text) => Assert.Equal(text, Address.Parse(text).ToString());

    [Fact]
    public void One_changed_letter_case_is_refused_with_the_checksum_code()
    {
        var refusal = Assert.Throws<EthereumException>(() => Address.Parse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed"));
        Assert.Equal("address-checksum", refusal.Code);
        Assert.Equal(Fault.BadInput, refusal.Fault);
    }

    [Fact]
    public void An_address_without_a_checksum_is_refused_and_the_message_shows_the_checksummed_form()
    {
        var refusal = Assert.Throws<EthereumException>(() => Address.Parse("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"));
        Assert.Contains("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0x")]
    [InlineData("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")]
    [InlineData("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe")]
    [InlineData("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedd")]
    [InlineData("0xzzAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")]
    public void Other_text_is_refused_with_the_format_code(string text) =>
        Assert.Equal("address-format", Assert.Throws<EthereumException>(() => Address.Parse(text)).Code);
}
