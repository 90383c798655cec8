using System.Text;
using AgiJobs.Ethereum.Transactions;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// Signs with a secp256k1 key that a PKCS#11 token holds and never gives out (<c>CKM_ECDSA</c> over the 32 bytes of a digest). Each signature is brought to low s, its parity is found by trial, and one that does
/// not recover to <see cref="Address"/> is thrown away.
/// </summary>
public sealed class Pkcs11Signer : ISigner, IDisposable
{
    // The DER form of the object identifier 1.3.132.0.10, secp256k1.
    private static readonly byte[] Curve = [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x0A];

    private readonly Lock _signing = new();
    private readonly Pkcs11Key _place;
    private readonly Pkcs11Module _module;
    private readonly nuint _session;
    private readonly nuint _key;
    private bool _closed;

    /// <summary>Logs in to the token and reads the public key.</summary>
    /// <param name="place">Where the key is.</param>
    /// <param name="pin">The user's PIN; it is not kept.</param>
    /// <exception cref="EthereumException">
    /// <c>pkcs11-module</c>, <c>pkcs11-token</c>, <c>pkcs11-key</c> when no or several keys answer to the label and id or the key is on another curve, <c>pkcs11-pin</c> (refused), <c>pkcs11-error</c>, <c>pkcs11-unsupported</c>.
    /// </exception>
    public Pkcs11Signer(Pkcs11Key place, string pin)
    {
        ArgumentNullException.ThrowIfNull(place);
        ArgumentNullException.ThrowIfNull(pin);
        if (place.Label is null && place.Id is null)
        {
            throw EthereumException.BadInput("pkcs11-key", $"Neither a label nor an id says which key of the token '{place.Token}' is meant.");
        }

        _place = place;
        _module = Pkcs11Module.Load(place.Module);
        _session = _module.Open(_module.SlotOf(place.Token), Encoding.UTF8.GetBytes(pin));
        try
        {
            _key = Only(Pkcs11Module.PrivateKeyClass, place.Label, place.Id);
            Address = ReadAddress();
        }
        catch
        {
            _module.Close(_session);
            throw;
        }
    }

    /// <inheritdoc/>
    public Address Address { get; }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">It was closed.</exception>
    public ValueTask<Signature> SignMessageAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(SignHash(PersonalMessage.Hash(message.Span)));
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">It was closed.</exception>
    public ValueTask<Signature> SignTypedDataAsync(TypedDocument document, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(document);
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(SignHash(document.Digest));
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">It was closed.</exception>
    public ValueTask<SignedTransaction> SignTransactionAsync(UnsignedTransaction transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        cancellationToken.ThrowIfCancellationRequested();
        SigningRules.RequireChain(transaction);
        return ValueTask.FromResult(new SignedTransaction(transaction, SignHash(transaction.SigningHash)));
    }

    /// <summary>Closes the session with the token.</summary>
    public void Dispose()
    {
        lock (_signing)
        {
            if (!_closed)
            {
                _closed = true;
                _module.Close(_session);
            }
        }
    }

    /// <summary>The address and where its key is.</summary>
    public override string ToString() => $"{Address}, {_place}";

    /// <summary>
    /// The point of an EC public key: the DER octet string that the specification asks for, or the point alone as some tokens give it, uncompressed (65 bytes) or compressed (33).
    /// </summary>
    internal static byte[]? Point(byte[]? attribute) => attribute switch
    {
        [0x04, 65, 0x04, ..] when attribute.Length == 67 => attribute[2..],
        [0x04, 33, 0x02 or 0x03, ..] when attribute.Length == 35 => attribute[2..],
        [0x04, ..] when attribute.Length == Secp256k1.UncompressedKeySize => attribute,
        [0x02 or 0x03, ..] when attribute.Length == Secp256k1.CompressedKeySize => attribute,
        _ => null,
    };

    private Signature SignHash(Bytes32 hash)
    {
        byte[] pair;
        lock (_signing)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            pair = _module.Sign(_session, _key, hash.ToBytes());
        }

        // Two numbers of equal length, which some tokens write without leading zeros.
        if (pair.Length is 0 or > 2 * Bytes32.Size || pair.Length % 2 != 0)
        {
            throw new EthereumException("signer-response", Fault.Unknown, $"{_place} gave a signature of {pair.Length} bytes, and 64 were expected. It was thrown away.");
        }

        var half = pair.Length / 2;
        var (r, s) = (Bytes32.FromUnsigned(new System.Numerics.BigInteger(pair.AsSpan(0, half), isUnsigned: true, isBigEndian: true)), Bytes32.FromUnsigned(new System.Numerics.BigInteger(pair.AsSpan(half), isUnsigned: true, isBigEndian: true)));
        for (byte parity = 0; parity <= 1; parity++)
        {
            var signature = new Signature(r, s, parity).ToLowS();
            if (SigningRules.IsBy(hash, signature, Address, out _))
            {
                return signature;
            }
        }

        throw SigningRules.OtherKey(_place.ToString(), Address, null);
    }

    private Address ReadAddress()
    {
        var id = _module.Attribute(_session, _key, Pkcs11Module.IdAttribute);
        var point = Point(_module.Attribute(_session, _key, Pkcs11Module.EcPointAttribute));
        if (point is null)
        {
            // A private key does not have the point by the specification; the public key of the pair has the same id, else the same label.
            var pair = Only(Pkcs11Module.PublicKeyClass, id is { Length: > 0 } ? null : _place.Label, id is { Length: > 0 } ? id : null);
            if (_module.Attribute(_session, pair, Pkcs11Module.EcParametersAttribute) is { } curve && !curve.AsSpan().SequenceEqual(Curve))
            {
                throw EthereumException.BadInput("pkcs11-key", $"{Sentence()} is not on the curve secp256k1, so it signs nothing for Ethereum.");
            }

            point = Point(_module.Attribute(_session, pair, Pkcs11Module.EcPointAttribute));
        }

        if (point is null || !Secp256k1.IsPublicKey(point))
        {
            throw EthereumException.BadInput("pkcs11-key", $"{Sentence()} has no public key on the curve secp256k1 beside it. Store the public key on the token too, with the same id.");
        }

        return Secp256k1.AddressOfPublicKey(point);
    }

    private nuint Only(nuint kind, string? label, byte[]? id)
    {
        var wanted = new List<(nuint, byte[])> { (Pkcs11Module.ClassAttribute, Pkcs11Module.Number(kind)), (Pkcs11Module.KeyTypeAttribute, Pkcs11Module.Number(Pkcs11Module.EcKeyType)) };
        if (label is not null)
        {
            wanted.Add((Pkcs11Module.LabelAttribute, Encoding.UTF8.GetBytes(label)));
        }

        if (id is not null)
        {
            wanted.Add((Pkcs11Module.IdAttribute, id));
        }

        var what = kind == Pkcs11Module.PrivateKeyClass ? "private" : "public";
        return _module.Find(_session, [.. wanted]) switch
        {
            [var only] => only,
            [] => throw EthereumException.BadInput("pkcs11-key", $"There is no {what} EC key for {_place}. Check label and id with the vendor's tool (pkcs11-tool --list-objects)."),
            _ => throw EthereumException.BadInput("pkcs11-key", $"Several {what} EC keys answer to {_place}. Name the one that is meant by its id too."),
        };
    }

    private string Sentence() => string.Concat("T", _place.ToString().AsSpan(1));
}
