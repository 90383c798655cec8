using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Tests.TypedData;

public sealed class PersonalMessageTests
{
    // The examples of the documentation of ethers (hashMessage) and of web3.js (eth.accounts.hashMessage).
    [Theory]
    [InlineData("Hello World", "0xa1de988600a42c4b4ab089b619297c17d53cffae5d5120d82d8a92d0bb3b78f2")]
    [InlineData("", "0x5f35dce98ba4fba25530a026ed80b2cecdaa31091ba4958b99b52ea1d068adad")]
    public void The_known_hashes_come_out(string message, string hash) => Assert.Equal(hash, PersonalMessage.Hash(message).ToString());

    [Fact]
    public void Data_for_a_validator_is_hashed_with_its_address()
    {
        // The example of EIP-191 as OpenZeppelin's MessageHashUtils.toDataWithIntendedValidatorHash hashes it.
        var validator = Address.Parse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
        byte[] expected = [0x19, 0x00, .. validator.ToBytes(), 1, 2, 3];
        Assert.Equal(Keccak256.Hash(expected), PersonalMessage.HashForValidator(validator, [1, 2, 3]));
    }
}
