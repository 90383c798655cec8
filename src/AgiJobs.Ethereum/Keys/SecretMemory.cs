using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// Secret bytes outside the garbage collector's heap, so that no copy of them is left behind when it moves things. They are zeroed when
/// the last use after disposal ends, or when nobody disposed them, at finalisation. Uses may run side by side.
/// </summary>
internal sealed unsafe class SecretMemory : SafeHandle
{
    private readonly int _length;

    /// <summary>Copies the bytes; the caller zeroes its own copy.</summary>
    public SecretMemory(ReadOnlySpan<byte> content)
        : base(0, ownsHandle: true)
    {
        _length = content.Length;
        SetHandle((nint)NativeMemory.Alloc((nuint)content.Length));
        content.CopyTo(new Span<byte>((void*)handle, _length));
    }

    /// <summary>A use of the bytes, which must not be kept.</summary>
    public delegate T Use<in TState, out T>(TState state, ReadOnlySpan<byte> secret)
        where TState : allows ref struct;

    public override bool IsInvalid => handle == 0;

    public int Length => _length;

    /// <summary>A copy of a private key.</summary>
    /// <exception cref="EthereumException"><c>private-key</c> when it is zero, too large or of another length.</exception>
    public static SecretMemory OfPrivateKey(ReadOnlySpan<byte> key) =>
        Secp256k1.IsPrivateKey(key) ? new SecretMemory(key) : throw Secp256k1.InvalidPrivateKey();

    /// <summary>Runs <paramref name="use"/> on the bytes, which stay until it ends.</summary>
    /// <exception cref="ObjectDisposedException">They were zeroed.</exception>
    public T Read<TState, T>(TState state, Use<TState, T> use)
        where TState : allows ref struct
    {
        var held = false;
        try
        {
            DangerousAddRef(ref held);
            return use(state, new ReadOnlySpan<byte>((void*)handle, _length));
        }
        finally
        {
            if (held)
            {
                DangerousRelease();
            }
        }
    }

    /// <summary>Copies the bytes to memory that the caller zeroes.</summary>
    /// <exception cref="ObjectDisposedException">They were zeroed.</exception>
    public void CopyTo(Span<byte> destination) => Read(destination, static (target, secret) =>
    {
        secret.CopyTo(target);
        return true;
    });

    /// <summary>Says nothing of the bytes.</summary>
    public override string ToString() => "secret";

    protected override bool ReleaseHandle()
    {
        CryptographicOperations.ZeroMemory(new Span<byte>((void*)handle, _length));
        NativeMemory.Free((void*)handle);
        return true;
    }
}
