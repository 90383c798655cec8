using System.Globalization;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// An ECDSA signature on secp256k1 with the parity that recovers its key. Always 1 to order - 1 in both numbers, except in
/// <c>default</c>, which recovers to nothing.
/// </summary>
public readonly record struct Signature
{
    /// <summary>Length of the common form: r, s and v.</summary>
    public const int Size = 65;

    /// <summary>The order of secp256k1.</summary>
    private static readonly Bytes32 Order = Bytes32.Parse("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");

    /// <summary>Half the order, the highest s that EIP-2 allows.</summary>
    private static readonly Bytes32 HalfOrder = Bytes32.Parse("0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");

    /// <summary>Takes the two numbers and the parity of the point's y (0 even, 1 odd).</summary>
    /// <exception cref="EthereumException">
    /// <c>signature-range</c> for a number outside 1 to order - 1; <c>signature-v</c> for another parity.
    /// </exception>
    public Signature(Bytes32 r, Bytes32 s, byte yParity)
    {
        if (r.IsZero || s.IsZero || r >= Order || s >= Order)
        {
            throw EthereumException.BadInput("signature-range", $"r ({r}) and s ({s}) of a signature must be from 1 up to below the order "
                + "of secp256k1.");
        }

        if (yParity > 1)
        {
            throw BadRecoveryValue(yParity.ToString(CultureInfo.InvariantCulture));
        }

        R = r;
        S = s;
        YParity = yParity;
    }

    /// <summary>The x coordinate of the signature's point.</summary>
    public Bytes32 R { get; }

    /// <summary>The proof.</summary>
    public Bytes32 S { get; }

    /// <summary>0 when the point's y is even, 1 when it is odd.</summary>
    public byte YParity { get; }

    /// <summary>The recovery value as contracts expect it: 27 or 28.</summary>
    public byte V => (byte)(27 + YParity);

    /// <summary>
    /// True when s is in the lower half of the order, as EIP-2 demands of transactions and as every signature made here is.
    /// </summary>
    public bool IsLowS => S <= HalfOrder;

    /// <summary>Reads 65 bytes: r, s and v, which is 27 or 28, or 0 or 1 as some signers write it.</summary>
    /// <exception cref="EthereumException">
    /// <c>signature-length</c>, <c>signature-v</c> or <c>signature-range</c>. High s is accepted; see <see cref="IsLowS"/>.
    /// </exception>
    public static Signature FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw EthereumException.BadInput("signature-length", $"A signature has {Size} bytes (r, s, v), not {bytes.Length}.");
        }

        byte parity = bytes[64] switch
        {
            0 or 27 => 0,
            1 or 28 => 1,
            var other => throw BadRecoveryValue(other.ToString(CultureInfo.InvariantCulture)),
        };
        return new Signature(new Bytes32(bytes[..32]), new Bytes32(bytes[32..64]), parity);
    }

    /// <summary>65 bytes: r, s and v (27 or 28).</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        R.CopyTo(bytes);
        S.CopyTo(bytes.AsSpan(32));
        bytes[64] = V;
        return bytes;
    }

    /// <summary>The equivalent signature with s in the lower half of the order; itself when it is there already.</summary>
    public Signature ToLowS() =>
        IsLowS ? this : new Signature(R, Bytes32.FromUnsigned(Order.ToUnsigned() - S.ToUnsigned()), (byte)(YParity ^ 1));

    /// <summary>The 65 bytes as hex data.</summary>
    public override string ToString() => Hex.Encode(ToBytes());

    private static EthereumException BadRecoveryValue(string v) =>
        EthereumException.BadInput("signature-v", $"{v} is no recovery value of a signature: v is 27 or 28 (some signers write 0 or 1).");
}
