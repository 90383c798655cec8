using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rlp;

namespace AgiJobs.Ethereum;

/// <summary>The address that a deployment will have, before it is sent.</summary>
public static class ContractAddress
{
    /// <summary>
    /// CREATE: the last 20 bytes of keccak256(rlp([sender, nonce])). <paramref name="nonce"/> is that of the transaction for an account,
    /// the number of contracts made before plus one for a contract. Source: the yellow paper, section 7.
    /// </summary>
    public static Address Create(Address sender, ulong nonce)
    {
        var rlp = new RlpWriter();
        rlp.BeginList();
        rlp.WriteBytes(sender.ToBytes());
        rlp.WriteUnsigned(nonce);
        rlp.EndList();
        return FromHash(rlp.ToArray());
    }

    /// <summary>CREATE2: the last 20 bytes of keccak256(0xff, deployer, salt, hash of the init code). Source: EIP-1014.</summary>
    public static Address Create2(Address deployer, Bytes32 salt, Bytes32 initCodeHash)
    {
        Span<byte> data = stackalloc byte[1 + Address.Size + Bytes32.Size + Bytes32.Size];
        data[0] = 0xff;
        deployer.CopyTo(data[1..]);
        salt.CopyTo(data[21..]);
        initCodeHash.CopyTo(data[53..]);
        return FromHash(data);
    }

    /// <summary>CREATE2 with the init code itself: creation code and constructor arguments.</summary>
    public static Address Create2(Address deployer, Bytes32 salt, ReadOnlySpan<byte> initCode) => Create2(deployer, salt, Keccak256.Hash(initCode));

    private static Address FromHash(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Bytes32.Size];
        Keccak256.Hash(data, hash);
        return new Address(hash[12..]);
    }
}
