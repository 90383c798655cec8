using System.Globalization;
using System.Text;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Ethereum.TypedData;

/// <summary>The hashes of EIP-191 that are signed in place of free bytes. Source: EIP-191, versions 0x45 and 0x00.</summary>
public static class PersonalMessage
{
    /// <summary>
    /// What <c>personal_sign</c> and <c>eth_sign</c> sign: keccak256 of <c>"\x19Ethereum Signed Message:\n"</c>, the number of bytes in
    /// decimal, and the bytes.
    /// </summary>
    public static Bytes32 Hash(ReadOnlySpan<byte> message)
    {
        var prefix = Encoding.ASCII.GetBytes("\u0019Ethereum Signed Message:\n" + message.Length.ToString(CultureInfo.InvariantCulture));
        var all = new byte[prefix.Length + message.Length];
        prefix.CopyTo(all, 0);
        message.CopyTo(all.AsSpan(prefix.Length));
        return Keccak256.Hash(all);
    }

    /// <summary>The same for the UTF-8 bytes of a text.</summary>
    public static Bytes32 Hash(string message) => Hash(Encoding.UTF8.GetBytes(message));

    /// <summary>
    /// Version 0x00, data for one contract that checks the signature: keccak256 of 0x19, 0x00, the address of the contract and the bytes.
    /// </summary>
    public static Bytes32 HashForValidator(Address validator, ReadOnlySpan<byte> data)
    {
        var all = new byte[2 + Address.Size + data.Length];
        all[0] = 0x19;
        validator.CopyTo(all.AsSpan(2));
        data.CopyTo(all.AsSpan(2 + Address.Size));
        return Keccak256.Hash(all);
    }
}
